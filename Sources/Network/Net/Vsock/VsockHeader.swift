/// The header of every packet of the socket device (VIRTIO 1.2, 5.10.6, `virtio_vsock_hdr`). The payload follows.
public struct VsockHeader: Equatable, Sendable {
    public static let byteCount = 44

    public var source: VsockAddress
    public var destination: VsockAddress
    public var payloadByteCount: UInt32 = 0
    public var type: VsockSocketType = .stream
    public var operation: VsockOperation
    public var flags: UInt32 = 0
    /// Bytes of the sender's receive buffer for this stream.
    public var bufferByteCount: UInt32 = 0
    /// Bytes that the sender has taken out of that buffer since the stream began, modulo 2^32.
    public var forwardedCount: UInt32 = 0

    public init(source: VsockAddress, destination: VsockAddress, operation: VsockOperation) {
        self.source = source
        self.destination = destination
        self.operation = operation
    }
}

/// One end of a stream: a context (the host is 2, a guest has a number that its host gave it) and a port.
public struct VsockAddress: Hashable, Sendable {
    /// The host's context.
    public static let hostContext: UInt64 = 2

    public var context: UInt64
    public var port: UInt32

    public init(context: UInt64, port: UInt32) {
        self.context = context
        self.port = port
    }
}

/// Kinds of sockets (5.10.6).
public struct VsockSocketType: RawRepresentable, Equatable, Sendable {
    public let rawValue: UInt16
    public init(rawValue: UInt16) { self.rawValue = rawValue }

    public static var stream: Self { Self(rawValue: 1) }
}

/// What a packet is for (5.10.6).
public struct VsockOperation: RawRepresentable, Equatable, Sendable {
    public let rawValue: UInt16
    public init(rawValue: UInt16) { self.rawValue = rawValue }

    public static var request: Self { Self(rawValue: 1) }
    public static var response: Self { Self(rawValue: 2) }
    public static var reset: Self { Self(rawValue: 3) }
    public static var shutdown: Self { Self(rawValue: 4) }
    public static var readWrite: Self { Self(rawValue: 5) }
    public static var creditUpdate: Self { Self(rawValue: 6) }
    public static var creditRequest: Self { Self(rawValue: 7) }
}

/// Flags of `VsockOperation.shutdown`: what its sender will no longer do.
struct VsockShutdown: OptionSet, Sendable {
    let rawValue: UInt32

    static var receive: Self { Self(rawValue: 1) }
    static var send: Self { Self(rawValue: 2) }
    static var both: Self { [.receive, .send] }
}

extension VsockHeader {
    private enum Field {
        static var sourceContext: Int { 0 }
        static var destinationContext: Int { 8 }
        static var sourcePort: Int { 16 }
        static var destinationPort: Int { 20 }
        static var payloadByteCount: Int { 24 }
        static var type: Int { 28 }
        static var operation: Int { 30 }
        static var flags: Int { 32 }
        static var bufferByteCount: Int { 36 }
        static var forwardedCount: Int { 40 }
    }

    /// Reads the header at the start of `bytes`; nil when they are fewer than a header's. Any values make a header.
    init?(parsing bytes: RawSpan) {
        guard bytes.byteCount >= Self.byteCount else { return nil }
        source = VsockAddress(
            context: bytes.littleEndian64(at: Field.sourceContext), port: bytes.littleEndian32(at: Field.sourcePort))
        destination = VsockAddress(
            context: bytes.littleEndian64(at: Field.destinationContext),
            port: bytes.littleEndian32(at: Field.destinationPort))
        payloadByteCount = bytes.littleEndian32(at: Field.payloadByteCount)
        type = VsockSocketType(rawValue: bytes.littleEndian16(at: Field.type))
        operation = VsockOperation(rawValue: bytes.littleEndian16(at: Field.operation))
        flags = bytes.littleEndian32(at: Field.flags)
        bufferByteCount = bytes.littleEndian32(at: Field.bufferByteCount)
        forwardedCount = bytes.littleEndian32(at: Field.forwardedCount)
    }

    /// Writes the header to the start of `bytes`, which has room for it.
    func write(to bytes: inout MutableRawSpan) {
        bytes.storeLittleEndian(source.context, at: Field.sourceContext)
        bytes.storeLittleEndian(destination.context, at: Field.destinationContext)
        bytes.storeLittleEndian(source.port, at: Field.sourcePort)
        bytes.storeLittleEndian(destination.port, at: Field.destinationPort)
        bytes.storeLittleEndian(payloadByteCount, at: Field.payloadByteCount)
        bytes.storeLittleEndian(type.rawValue, at: Field.type)
        bytes.storeLittleEndian(operation.rawValue, at: Field.operation)
        bytes.storeLittleEndian(flags, at: Field.flags)
        bytes.storeLittleEndian(bufferByteCount, at: Field.bufferByteCount)
        bytes.storeLittleEndian(forwardedCount, at: Field.forwardedCount)
    }
}
