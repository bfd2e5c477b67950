/// A checked view of an ARP packet for IPv4 over Ethernet (RFC 826); other combinations have no view.
struct ARPView: ~Escapable {
    private let bytes: RawSpan

    @_lifetime(copy bytes)
    init?(_ bytes: RawSpan) {
        guard bytes.byteCount >= ARPPacket.byteCount,
            bytes.bigEndian16(at: ARPPacket.Offset.hardwareType) == ARPPacket.ethernetHardwareType,
            bytes.bigEndian16(at: ARPPacket.Offset.protocolType) == EtherType.ipv4.rawValue,
            bytes.byte(at: ARPPacket.Offset.hardwareLength) == 6,
            bytes.byte(at: ARPPacket.Offset.protocolLength) == 4
        else { return nil }
        self.bytes = bytes
    }

    /// The packet as a value; nil when the operation is neither request nor reply.
    var packet: ARPPacket? {
        guard let operation = ARPPacket.Operation(rawValue: bytes.bigEndian16(at: ARPPacket.Offset.operation)) else {
            return nil
        }
        return ARPPacket(
            operation: operation,
            senderHardware: bytes.ethernetAddress(at: ARPPacket.Offset.senderHardware),
            senderProtocol: bytes.ipv4Address(at: ARPPacket.Offset.senderProtocol),
            targetHardware: bytes.ethernetAddress(at: ARPPacket.Offset.targetHardware),
            targetProtocol: bytes.ipv4Address(at: ARPPacket.Offset.targetProtocol))
    }
}

/// An ARP request or reply for IPv4 over Ethernet.
struct ARPPacket: Equatable {
    enum Operation: UInt16 {
        case request = 1
        case reply = 2
    }

    static var byteCount: Int { 28 }
    static var ethernetHardwareType: UInt16 { 1 }

    enum Offset {
        static var hardwareType: Int { 0 }
        static var protocolType: Int { 2 }
        static var hardwareLength: Int { 4 }
        static var protocolLength: Int { 5 }
        static var operation: Int { 6 }
        static var senderHardware: Int { 8 }
        static var senderProtocol: Int { 14 }
        static var targetHardware: Int { 18 }
        static var targetProtocol: Int { 24 }
    }

    var operation: Operation
    var senderHardware: EthernetAddress
    var senderProtocol: IPv4Address
    var targetHardware: EthernetAddress
    var targetProtocol: IPv4Address

    /// Writes the packet at `offset`.
    func emit(into buffer: inout MutableRawSpan, at offset: Int) {
        buffer.storeBigEndian(Self.ethernetHardwareType, at: offset + Offset.hardwareType)
        buffer.storeBigEndian(EtherType.ipv4.rawValue, at: offset + Offset.protocolType)
        buffer.store(UInt8(6), at: offset + Offset.hardwareLength)
        buffer.store(UInt8(4), at: offset + Offset.protocolLength)
        buffer.storeBigEndian(operation.rawValue, at: offset + Offset.operation)
        buffer.store(senderHardware, at: offset + Offset.senderHardware)
        buffer.store(senderProtocol, at: offset + Offset.senderProtocol)
        buffer.store(targetHardware, at: offset + Offset.targetHardware)
        buffer.store(targetProtocol, at: offset + Offset.targetProtocol)
    }
}
