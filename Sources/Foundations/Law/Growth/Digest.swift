/// A SHA-256 value.
public struct Digest: Hashable, Sendable {
    /// Its eight words, the first one first.
    let words: InlineArray<8, UInt32>

    init(words: InlineArray<8, UInt32>) { self.words = words }

    /// All zero bits: what stands where nothing came before.
    public static var zero: Digest { Digest(words: InlineArray(repeating: 0)) }

    public static func == (left: Digest, right: Digest) -> Bool {
        var difference: UInt32 = 0
        // In the same time wherever they differ: digests of keys and codes of heads are compared here.
        for index in 0..<8 { difference |= left.words[index] ^ right.words[index] }
        return difference == 0
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(words[0])
        hasher.combine(words[1])
    }

    public var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(32)
        for index in 0..<8 {
            for shift in [24, 16, 8, 0] { bytes.append(UInt8(truncatingIfNeeded: words[index] >> UInt32(shift))) }
        }
        return bytes
    }

    /// 64 lower-case hexadecimal digits.
    public var hexadecimal: [UInt8] {
        let digits = Array("0123456789abcdef".utf8)
        return bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
    }

    public var text: String { String(decoding: hexadecimal, as: UTF8.self) }

    /// Reads what `hexadecimal` writes; nil for anything else.
    public init?(hexadecimal text: [UInt8]) {
        guard text.count == 64 else { return nil }
        var words = InlineArray<8, UInt32>(repeating: 0)
        for (index, byte) in text.enumerated() {
            let digit: UInt8
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
            default: return nil
            }
            words[index / 8] = words[index / 8] << 4 | UInt32(digit)
        }
        self.words = words
    }
}
