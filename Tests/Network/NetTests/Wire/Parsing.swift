@testable import Net

// What the views say about some bytes, as plain values: `#expect` cannot take a nonescapable view.

func parseEthernet(_ bytes: [UInt8]) -> (header: EthernetHeader, payload: [UInt8])? {
    guard let view = EthernetView(bytes.span.bytes) else { return nil }
    return (view.header, bytes.suffix(view.payload.byteCount))
}

enum ParsedARP: Equatable {
    case noView
    case noPacket
    case packet(ARPPacket)
}

func parseARP(_ bytes: [UInt8]) -> ParsedARP {
    guard let view = ARPView(bytes.span.bytes) else { return .noView }
    return view.packet.map { .packet($0) } ?? .noPacket
}

struct ParsedIPv4 {
    var header: IPv4Header
    var isChecksumValid: Bool
    var isFragment: Bool
    var hasSourceRoute: Bool
    var payload: [UInt8]

    init?(_ bytes: [UInt8]) {
        guard let view = IPv4View(bytes.span.bytes) else { return nil }
        header = view.header
        isChecksumValid = view.isChecksumValid
        isFragment = view.isFragment
        hasSourceRoute = view.hasSourceRoute
        payload = []
        for offset in 0..<view.payload.byteCount { payload.append(view.payload.byte(at: offset)) }
    }
}

struct ParsedICMP {
    var header: ICMPv4Header
    var isChecksumValid: Bool
    var payload: [UInt8]

    init?(_ bytes: [UInt8]) {
        guard let view = ICMPv4View(bytes.span.bytes) else { return nil }
        header = view.header
        isChecksumValid = view.isChecksumValid
        payload = bytes.suffix(view.payload.byteCount)
    }
}

struct ParsedUDP {
    var header: UDPHeader
    var isChecksumValid: Bool
    var payloadByteCount: Int

    init?(_ bytes: [UInt8], source: IPv4Address, destination: IPv4Address) {
        guard let view = UDPView(bytes.span.bytes) else { return nil }
        header = view.header
        isChecksumValid = view.isChecksumValid(source: source, destination: destination)
        payloadByteCount = view.payload.byteCount
    }
}

struct ParsedTCP {
    var header: TCPHeader
    var isChecksumValid: Bool
    var payloadByteCount: Int

    init?(_ bytes: [UInt8], source: IPv4Address = .unspecified, destination: IPv4Address = .unspecified) {
        guard let view = TCPView(bytes.span.bytes) else { return nil }
        header = view.header
        isChecksumValid = view.isChecksumValid(source: source, destination: destination)
        payloadByteCount = view.payload.byteCount
    }
}

enum ParsedDHCP: Equatable {
    case noView
    case noMessage
    case message(DHCPMessage)

    init(_ bytes: [UInt8]) {
        guard let view = DHCPView(bytes.span.bytes) else {
            self = .noView
            return
        }
        self = view.message.map { .message($0) } ?? .noMessage
    }
}
