/// An IPv4 address.
public struct IPv4Address: Hashable, Sendable {
    /// The four octets as one number, the first octet highest.
    public let bits: UInt32

    public init(bits: UInt32) { self.bits = bits }

    /// The address `a.b.c.d`.
    public init(_ a: UInt8, _ b: UInt8, _ c: UInt8, _ d: UInt8) {
        bits = UInt32(a) << 24 | UInt32(b) << 16 | UInt32(c) << 8 | UInt32(d)
    }

    /// `0.0.0.0`, "this host": the source of a station that has no address yet.
    public static var unspecified: IPv4Address { IPv4Address(bits: 0) }
    /// `255.255.255.255`, every station on this link.
    public static var broadcast: IPv4Address { IPv4Address(bits: .max) }

    var isMulticast: Bool { bits >> 28 == 0xE }
    var isLoopback: Bool { bits >> 24 == 127 }
    /// 240.0.0.0/4 without a unicast meaning, limited broadcast included.
    var isReserved: Bool { bits >> 28 == 0xF }

    /// Whether a host may send from this address (RFC 1122, section 3.2.1.3).
    var isUnicast: Bool { bits >> 24 != 0 && !isMulticast && !isReserved && !isLoopback }
}

extension IPv4Address: CustomStringConvertible {
    /// Dotted decimal.
    public var description: String {
        "\(bits >> 24).\(bits >> 16 & 255).\(bits >> 8 & 255).\(bits & 255)"
    }

    /// Reads dotted decimal: exactly four numbers from 0 to 255; nil for anything else.
    public init?(_ text: String) {
        var bits: UInt32 = 0
        var octet: UInt32 = 0
        var octetCount = 0
        var digitCount = 0
        for character in text.utf8 {
            switch character {
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                octet = octet * 10 + UInt32(character - UInt8(ascii: "0"))
                digitCount += 1
                guard octet <= 255, digitCount <= 3 else { return nil }
            case UInt8(ascii: "."):
                guard digitCount > 0, octetCount < 3 else { return nil }
                bits = bits << 8 | octet
                octetCount += 1
                octet = 0
                digitCount = 0
            default:
                return nil
            }
        }
        guard digitCount > 0, octetCount == 3 else { return nil }
        self.init(bits: bits << 8 | octet)
    }
}

extension RawSpan {
    func ipv4Address(at offset: Int) -> IPv4Address { IPv4Address(bits: bigEndian32(at: offset)) }
}

extension MutableRawSpan {
    @_lifetime(self: copy self)
    mutating func store(_ address: IPv4Address, at offset: Int) {
        storeBigEndian(address.bits, at: offset)
    }
}
