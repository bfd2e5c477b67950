/// A checked view of a TCP segment (RFC 9293, section 3.1).
struct TCPView: ~Escapable {
    private let bytes: RawSpan
    private let headerByteCount: Int

    /// Nil when the data offset is impossible.
    @_lifetime(copy bytes)
    init?(_ bytes: RawSpan) {
        guard bytes.byteCount >= TCPHeader.byteCount else { return nil }
        let headerByteCount = Int(bytes.byte(at: TCPHeader.Offset.dataOffset) >> 4) * 4
        guard headerByteCount >= TCPHeader.byteCount, headerByteCount <= bytes.byteCount else { return nil }
        self.bytes = bytes
        self.headerByteCount = headerByteCount
    }

    func isChecksumValid(source: IPv4Address, destination: IPv4Address) -> Bool {
        var checksum = InternetChecksum()
        checksum.addPseudoHeader(source: source, destination: destination, protocol: .tcp, length: bytes.byteCount)
        checksum.add(bytes)
        return checksum.isValid
    }

    var payload: RawSpan {
        @_lifetime(copy self)
        get { bytes.extracting(droppingFirst: headerByteCount) }
    }

    var header: TCPHeader {
        TCPHeader(
            sourcePort: bytes.bigEndian16(at: TCPHeader.Offset.sourcePort),
            destinationPort: bytes.bigEndian16(at: TCPHeader.Offset.destinationPort),
            sequence: SequenceNumber(bytes.bigEndian32(at: TCPHeader.Offset.sequence)),
            acknowledgment: SequenceNumber(bytes.bigEndian32(at: TCPHeader.Offset.acknowledgment)),
            flags: TCPFlags(rawValue: bytes.byte(at: TCPHeader.Offset.flags)),
            window: bytes.bigEndian16(at: TCPHeader.Offset.window),
            options: TCPOptions(parsing: bytes.extracting(TCPHeader.byteCount..<headerByteCount)))
    }
}

/// The control bits of a segment.
struct TCPFlags: OptionSet, Sendable {
    let rawValue: UInt8
    static var fin: TCPFlags { TCPFlags(rawValue: 0x01) }
    static var syn: TCPFlags { TCPFlags(rawValue: 0x02) }
    static var rst: TCPFlags { TCPFlags(rawValue: 0x04) }
    static var psh: TCPFlags { TCPFlags(rawValue: 0x08) }
    static var ack: TCPFlags { TCPFlags(rawValue: 0x10) }
}

/// A TCP header with the options this stack understands. The urgent pointer is not used (RFC 6093 advises against it).
struct TCPHeader: Equatable {
    static var byteCount: Int { 20 }

    enum Offset {
        static var sourcePort: Int { 0 }
        static var destinationPort: Int { 2 }
        static var sequence: Int { 4 }
        static var acknowledgment: Int { 8 }
        static var dataOffset: Int { 12 }
        static var flags: Int { 13 }
        static var window: Int { 14 }
        static var checksum: Int { 16 }
        static var urgentPointer: Int { 18 }
    }

    var sourcePort: UInt16
    var destinationPort: UInt16
    var sequence: SequenceNumber
    /// Meaningful when `flags` contains `.ack`.
    var acknowledgment: SequenceNumber
    var flags: TCPFlags
    /// As on the wire: not yet scaled.
    var window: UInt16
    var options = TCPOptions()

    /// Header and options.
    var totalByteCount: Int { Self.byteCount + options.byteCount }

    /// The sequence space a segment with `payloadByteCount` bytes takes: SYN and FIN count one each.
    func sequenceLength(payloadByteCount: Int) -> Int {
        payloadByteCount + (flags.contains(.syn) ? 1 : 0) + (flags.contains(.fin) ? 1 : 0)
    }

    /// Writes header and options at `offset`, with a zero checksum field.
    func emit(into buffer: inout MutableRawSpan, at offset: Int) {
        buffer.storeBigEndian(sourcePort, at: offset + Offset.sourcePort)
        buffer.storeBigEndian(destinationPort, at: offset + Offset.destinationPort)
        buffer.storeBigEndian(sequence.value, at: offset + Offset.sequence)
        buffer.storeBigEndian(flags.contains(.ack) ? acknowledgment.value : 0, at: offset + Offset.acknowledgment)
        buffer.store(UInt8(totalByteCount / 4) << 4, at: offset + Offset.dataOffset)
        buffer.store(flags.rawValue, at: offset + Offset.flags)
        buffer.storeBigEndian(window, at: offset + Offset.window)
        buffer.storeBigEndian(UInt16(0), at: offset + Offset.checksum)
        buffer.storeBigEndian(UInt16(0), at: offset + Offset.urgentPointer)
        options.emit(into: &buffer, at: offset + Self.byteCount)
    }
}
