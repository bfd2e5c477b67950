/// The EtherType numbers this stack knows (IEEE 802 registry).
struct EtherType: RawRepresentable, Hashable {
    let rawValue: UInt16
    static var ipv4: EtherType { EtherType(rawValue: 0x0800) }
    static var arp: EtherType { EtherType(rawValue: 0x0806) }
}

/// A checked view of an Ethernet II frame without preamble and frame check sequence.
struct EthernetView: ~Escapable {
    private let bytes: RawSpan

    @_lifetime(copy bytes)
    init?(_ bytes: RawSpan) {
        guard bytes.byteCount >= EthernetHeader.byteCount else { return nil }
        self.bytes = bytes
    }

    var payload: RawSpan {
        @_lifetime(copy self)
        get { bytes.extracting(droppingFirst: EthernetHeader.byteCount) }
    }

    var header: EthernetHeader {
        EthernetHeader(
            destination: bytes.ethernetAddress(at: EthernetHeader.Offset.destination),
            source: bytes.ethernetAddress(at: EthernetHeader.Offset.source),
            type: EtherType(rawValue: bytes.bigEndian16(at: EthernetHeader.Offset.type)))
    }
}

/// An Ethernet II header.
struct EthernetHeader: Equatable, Sendable {
    static var byteCount: Int { 14 }

    enum Offset {
        static var destination: Int { 0 }
        static var source: Int { 6 }
        static var type: Int { 12 }
    }

    var destination: EthernetAddress
    var source: EthernetAddress
    var type: EtherType

    /// Writes the header at the start of `buffer`.
    func emit(into buffer: inout MutableRawSpan) {
        buffer.store(destination, at: Offset.destination)
        buffer.store(source, at: Offset.source)
        buffer.storeBigEndian(type.rawValue, at: Offset.type)
    }
}
