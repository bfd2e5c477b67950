/// A 48-bit Ethernet (MAC) address.
public struct EthernetAddress: Hashable, Sendable {
    /// The six octets in the low 48 bits, the first octet highest.
    let bits: UInt64

    init(bits: UInt64) { self.bits = bits & 0xFFFF_FFFF_FFFF }

    /// The address `a:b:c:d:e:f`.
    public init(_ a: UInt8, _ b: UInt8, _ c: UInt8, _ d: UInt8, _ e: UInt8, _ f: UInt8) {
        let high = UInt64(a) << 40 | UInt64(b) << 32 | UInt64(c) << 24
        let low = UInt64(d) << 16 | UInt64(e) << 8 | UInt64(f)
        self.init(bits: high | low)
    }

    /// All ones: every station on the link.
    public static var broadcast: EthernetAddress { EthernetAddress(bits: .max) }

    /// The group bit is set: broadcast or multicast.
    public var isGroup: Bool { bits >> 40 & 1 == 1 }

    /// The octet at `index` in 0 ..< 6, in wire order.
    public func octet(_ index: Int) -> UInt8 { UInt8(truncatingIfNeeded: bits >> UInt64((5 - index) * 8)) }
}

extension EthernetAddress: CustomStringConvertible {
    /// Six hexadecimal octets separated by colons.
    public var description: String {
        let digits: [Character] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "a", "b", "c", "d", "e", "f"]
        var text = ""
        for index in 0..<6 {
            if index > 0 { text.append(":") }
            text.append(digits[Int(octet(index) >> 4)])
            text.append(digits[Int(octet(index) & 15)])
        }
        return text
    }
}

extension RawSpan {
    func ethernetAddress(at offset: Int) -> EthernetAddress {
        EthernetAddress(bits: UInt64(bigEndian16(at: offset)) << 32 | UInt64(bigEndian32(at: offset + 2)))
    }
}

extension MutableRawSpan {
    @_lifetime(self: copy self)
    mutating func store(_ address: EthernetAddress, at offset: Int) {
        storeBigEndian(UInt16(truncatingIfNeeded: address.bits >> 32), at: offset)
        storeBigEndian(UInt32(truncatingIfNeeded: address.bits), at: offset + 2)
    }
}
