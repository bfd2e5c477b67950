/// An IP protocol number (IANA registry).
struct IPProtocol: RawRepresentable, Hashable {
    let rawValue: UInt8
    static var icmp: IPProtocol { IPProtocol(rawValue: 1) }
    static var tcp: IPProtocol { IPProtocol(rawValue: 6) }
    static var udp: IPProtocol { IPProtocol(rawValue: 17) }
}

/// A checked view of an IPv4 packet (RFC 791). Link padding behind the total length is cut off.
struct IPv4View: ~Escapable {
    private let bytes: RawSpan
    private let headerByteCount: Int

    /// Nil when the version, the header length or the total length is impossible.
    @_lifetime(copy bytes)
    init?(_ bytes: RawSpan) {
        guard bytes.byteCount >= IPv4Header.byteCount else { return nil }
        let versionAndLength = bytes.byte(at: IPv4Header.Offset.versionAndLength)
        let headerByteCount = Int(versionAndLength & 0xF) * 4
        let totalLength = Int(bytes.bigEndian16(at: IPv4Header.Offset.totalLength))
        guard versionAndLength >> 4 == 4,
            headerByteCount >= IPv4Header.byteCount,
            totalLength >= headerByteCount,
            totalLength <= bytes.byteCount
        else { return nil }
        self.bytes = bytes.extracting(first: totalLength)
        self.headerByteCount = headerByteCount
    }

    var isChecksumValid: Bool {
        var checksum = InternetChecksum()
        checksum.add(bytes.extracting(first: headerByteCount))
        return checksum.isValid
    }

    /// More fragments follow, or this one does not start at offset zero.
    var isFragment: Bool {
        let word = bytes.bigEndian16(at: IPv4Header.Offset.flagsAndFragment)
        return word & (IPv4Header.moreFragments | IPv4Header.fragmentOffsetMask) != 0
    }

    /// Source routing lets a sender choose our reply's path: such packets are refused (RFC 6274, section 3.13.2.3).
    var hasSourceRoute: Bool {
        var offset = IPv4Header.byteCount
        while offset < headerByteCount {
            let kind = bytes.byte(at: offset)
            if kind == 0 { return false }
            if kind == 131 || kind == 137 { return true }
            if kind == 1 { offset += 1; continue }
            guard offset + 1 < headerByteCount else { return false }
            offset += max(2, Int(bytes.byte(at: offset + 1)))
        }
        return false
    }

    var payload: RawSpan {
        @_lifetime(copy self)
        get { bytes.extracting(droppingFirst: headerByteCount) }
    }

    /// The header and the first eight bytes behind it: what an ICMP error quotes (RFC 792).
    var quotation: RawSpan {
        @_lifetime(copy self)
        get { bytes.extracting(first: min(bytes.byteCount, headerByteCount + 8)) }
    }

    var header: IPv4Header {
        IPv4Header(
            source: bytes.ipv4Address(at: IPv4Header.Offset.source),
            destination: bytes.ipv4Address(at: IPv4Header.Offset.destination),
            protocol: IPProtocol(rawValue: bytes.byte(at: IPv4Header.Offset.protocol)),
            identification: bytes.bigEndian16(at: IPv4Header.Offset.identification),
            timeToLive: bytes.byte(at: IPv4Header.Offset.timeToLive),
            payloadByteCount: bytes.byteCount - headerByteCount)
    }
}

/// An IPv4 header without options, of a packet that is not a fragment.
struct IPv4Header: Equatable {
    static var byteCount: Int { 20 }
    static var moreFragments: UInt16 { 0x2000 }
    static var fragmentOffsetMask: UInt16 { 0x1FFF }
    /// The recommended initial time to live (RFC 1700).
    static var defaultTimeToLive: UInt8 { 64 }

    enum Offset {
        static var versionAndLength: Int { 0 }
        static var serviceType: Int { 1 }
        static var totalLength: Int { 2 }
        static var identification: Int { 4 }
        static var flagsAndFragment: Int { 6 }
        static var timeToLive: Int { 8 }
        static var `protocol`: Int { 9 }
        static var checksum: Int { 10 }
        static var source: Int { 12 }
        static var destination: Int { 16 }
    }

    var source: IPv4Address
    var destination: IPv4Address
    var `protocol`: IPProtocol
    var identification: UInt16
    var timeToLive: UInt8 = IPv4Header.defaultTimeToLive
    var payloadByteCount: Int

    /// Writes the header with its checksum at `offset`. "Don't fragment" stays clear: without path MTU discovery, a
    /// router with a smaller MTU may fragment.
    func emit(into buffer: inout MutableRawSpan, at offset: Int) {
        buffer.store(UInt8(0x45), at: offset + Offset.versionAndLength)
        buffer.store(UInt8(0), at: offset + Offset.serviceType)
        buffer.storeBigEndian(
            UInt16(truncatingIfNeeded: Self.byteCount + payloadByteCount),
            at: offset + Offset.totalLength)
        buffer.storeBigEndian(identification, at: offset + Offset.identification)
        buffer.storeBigEndian(UInt16(0), at: offset + Offset.flagsAndFragment)
        buffer.store(timeToLive, at: offset + Offset.timeToLive)
        buffer.store(`protocol`.rawValue, at: offset + Offset.protocol)
        buffer.storeBigEndian(UInt16(0), at: offset + Offset.checksum)
        buffer.store(source, at: offset + Offset.source)
        buffer.store(destination, at: offset + Offset.destination)
        var checksum = InternetChecksum()
        checksum.add(buffer.bytes.extracting(offset..<offset + Self.byteCount))
        buffer.storeBigEndian(checksum.value, at: offset + Offset.checksum)
    }
}
