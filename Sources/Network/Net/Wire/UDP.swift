/// A checked view of a UDP datagram (RFC 768).
struct UDPView: ~Escapable {
    private let bytes: RawSpan

    /// Nil when the length field does not fit the packet.
    @_lifetime(copy bytes)
    init?(_ bytes: RawSpan) {
        guard bytes.byteCount >= UDPHeader.byteCount else { return nil }
        let length = Int(bytes.bigEndian16(at: UDPHeader.Offset.length))
        guard length >= UDPHeader.byteCount, length <= bytes.byteCount else { return nil }
        self.bytes = bytes.extracting(first: length)
    }

    /// A zero field means that the sender computed no checksum.
    func isChecksumValid(source: IPv4Address, destination: IPv4Address) -> Bool {
        guard bytes.bigEndian16(at: UDPHeader.Offset.checksum) != 0 else { return true }
        var checksum = InternetChecksum()
        checksum.addPseudoHeader(source: source, destination: destination, protocol: .udp, length: bytes.byteCount)
        checksum.add(bytes)
        return checksum.isValid
    }

    var payload: RawSpan {
        @_lifetime(copy self)
        get { bytes.extracting(droppingFirst: UDPHeader.byteCount) }
    }

    var header: UDPHeader {
        UDPHeader(
            sourcePort: bytes.bigEndian16(at: UDPHeader.Offset.sourcePort),
            destinationPort: bytes.bigEndian16(at: UDPHeader.Offset.destinationPort))
    }
}

/// A UDP header; length and checksum follow from the payload.
struct UDPHeader: Equatable {
    static var byteCount: Int { 8 }

    enum Offset {
        static var sourcePort: Int { 0 }
        static var destinationPort: Int { 2 }
        static var length: Int { 4 }
        static var checksum: Int { 6 }
    }

    var sourcePort: UInt16
    var destinationPort: UInt16

    /// Writes the header in front of a payload of `payloadByteCount` bytes that already stands behind it.
    func emit(
        source: IPv4Address, destination: IPv4Address, payloadByteCount: Int,
        into buffer: inout MutableRawSpan, at offset: Int
    ) {
        let length = Self.byteCount + payloadByteCount
        buffer.storeBigEndian(sourcePort, at: offset + Offset.sourcePort)
        buffer.storeBigEndian(destinationPort, at: offset + Offset.destinationPort)
        buffer.storeBigEndian(UInt16(truncatingIfNeeded: length), at: offset + Offset.length)
        buffer.storeBigEndian(UInt16(0), at: offset + Offset.checksum)
        var checksum = InternetChecksum()
        checksum.addPseudoHeader(source: source, destination: destination, protocol: .udp, length: length)
        checksum.add(buffer.bytes.extracting(offset..<offset + length))
        // A computed zero is sent as all ones: zero would mean "no checksum".
        let value = checksum.value == 0 ? UInt16.max : checksum.value
        buffer.storeBigEndian(value, at: offset + Offset.checksum)
    }
}
