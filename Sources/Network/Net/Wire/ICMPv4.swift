/// A checked view of an ICMP message (RFC 792).
struct ICMPv4View: ~Escapable {
    private let bytes: RawSpan

    @_lifetime(copy bytes)
    init?(_ bytes: RawSpan) {
        guard bytes.byteCount >= ICMPv4Header.byteCount else { return nil }
        self.bytes = bytes
    }

    var isChecksumValid: Bool {
        var checksum = InternetChecksum()
        checksum.add(bytes)
        return checksum.isValid
    }

    /// Echo data, or the quoted packet of an error.
    var payload: RawSpan {
        @_lifetime(copy self)
        get { bytes.extracting(droppingFirst: ICMPv4Header.byteCount) }
    }

    var header: ICMPv4Header {
        ICMPv4Header(
            type: bytes.byte(at: ICMPv4Header.Offset.type),
            code: bytes.byte(at: ICMPv4Header.Offset.code),
            restOfHeader: bytes.bigEndian32(at: ICMPv4Header.Offset.restOfHeader))
    }
}

/// The fixed part of an ICMP message.
struct ICMPv4Header: Equatable {
    static var byteCount: Int { 8 }

    enum Offset {
        static var type: Int { 0 }
        static var code: Int { 1 }
        static var checksum: Int { 2 }
        static var restOfHeader: Int { 4 }
    }

    enum MessageType {
        static var echoReply: UInt8 { 0 }
        static var destinationUnreachable: UInt8 { 3 }
        static var echoRequest: UInt8 { 8 }
    }

    /// Why a destination is unreachable: the codes a host sends.
    enum UnreachableCode: UInt8 {
        case `protocol` = 2
        case port = 3
    }

    var type: UInt8
    var code: UInt8
    /// Identifier and sequence number of an echo; unused (zero) in errors.
    var restOfHeader: UInt32

    /// Writes header, checksum and `payload` at `offset`.
    func emit(payload: RawSpan, into buffer: inout MutableRawSpan, at offset: Int) {
        buffer.store(type, at: offset + Offset.type)
        buffer.store(code, at: offset + Offset.code)
        buffer.storeBigEndian(UInt16(0), at: offset + Offset.checksum)
        buffer.storeBigEndian(restOfHeader, at: offset + Offset.restOfHeader)
        buffer.copy(payload, at: offset + Self.byteCount)
        var checksum = InternetChecksum()
        checksum.add(buffer.bytes.extracting(offset..<offset + Self.byteCount + payload.byteCount))
        buffer.storeBigEndian(checksum.value, at: offset + Offset.checksum)
    }
}
