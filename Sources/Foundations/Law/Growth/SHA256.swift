/// SHA-256 (FIPS 180-4, section 6.2): bytes go in piece by piece, the digest comes out. Allocates nothing.
public struct SHA256: Sendable {
    private var state: InlineArray<8, UInt32> = [
        0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19,
    ]
    /// The block being filled, as big-endian words.
    private var block = InlineArray<16, UInt32>(repeating: 0)
    private var byteCount: UInt64 = 0

    public init() {}

    public static func digest(of bytes: Span<UInt8>) -> Digest {
        var hash = SHA256()
        hash.update(bytes)
        return hash.finalize()
    }

    public mutating func update(_ bytes: Span<UInt8>) {
        for index in bytes.indices { update(bytes[index]) }
    }

    public mutating func update(_ byte: UInt8) {
        let position = Int(byteCount & 63)
        let shift = UInt32(24 - 8 * (position & 3))
        block[position >> 2] |= UInt32(byte) << shift
        byteCount &+= 1
        if position == 63 { compress() }
    }

    /// Eight bytes, the most significant first.
    public mutating func update(bigEndian value: UInt64) {
        for index in 0..<UInt64(8) { update(UInt8(truncatingIfNeeded: value >> (56 - 8 * index))) }
    }

    /// The digest of everything so far; the value is spent.
    public consuming func finalize() -> Digest {
        let bitCount = byteCount &* 8
        update(0x80)
        while byteCount & 63 != 56 { update(0) }
        update(bigEndian: bitCount)
        return Digest(words: state)
    }

    private mutating func compress() {
        var schedule = InlineArray<64, UInt32>(repeating: 0)
        for index in 0..<16 { schedule[index] = block[index] }
        for index in 16..<64 {
            let (a, b) = (schedule[index - 15], schedule[index - 2])
            let s0 = a.rotated(7) ^ a.rotated(18) ^ (a >> 3)
            let s1 = b.rotated(17) ^ b.rotated(19) ^ (b >> 10)
            schedule[index] = schedule[index - 16] &+ s0 &+ schedule[index - 7] &+ s1
        }
        var work = state
        for index in 0..<64 {
            let (a, e) = (work[0], work[4])
            let s1 = e.rotated(6) ^ e.rotated(11) ^ e.rotated(25)
            let choice = (e & work[5]) ^ (~e & work[6])
            let first = work[7] &+ s1 &+ choice &+ Self.constants[index] &+ schedule[index]
            let s0 = a.rotated(2) ^ a.rotated(13) ^ a.rotated(22)
            let majority = (a & work[1]) ^ (a & work[2]) ^ (work[1] & work[2])
            work = [first &+ s0 &+ majority, a, work[1], work[2], work[3] &+ first, e, work[5], work[6]]
        }
        for index in 0..<8 { state[index] &+= work[index] }
        block = InlineArray(repeating: 0)
    }

    /// FIPS 180-4, section 4.2.2.
    private static let constants: InlineArray<64, UInt32> = [
        0x428a_2f98, 0x7137_4491, 0xb5c0_fbcf, 0xe9b5_dba5, 0x3956_c25b, 0x59f1_11f1, 0x923f_82a4, 0xab1c_5ed5,
        0xd807_aa98, 0x1283_5b01, 0x2431_85be, 0x550c_7dc3, 0x72be_5d74, 0x80de_b1fe, 0x9bdc_06a7, 0xc19b_f174,
        0xe49b_69c1, 0xefbe_4786, 0x0fc1_9dc6, 0x240c_a1cc, 0x2de9_2c6f, 0x4a74_84aa, 0x5cb0_a9dc, 0x76f9_88da,
        0x983e_5152, 0xa831_c66d, 0xb003_27c8, 0xbf59_7fc7, 0xc6e0_0bf3, 0xd5a7_9147, 0x06ca_6351, 0x1429_2967,
        0x27b7_0a85, 0x2e1b_2138, 0x4d2c_6dfc, 0x5338_0d13, 0x650a_7354, 0x766a_0abb, 0x81c2_c92e, 0x9272_2c85,
        0xa2bf_e8a1, 0xa81a_664b, 0xc24b_8b70, 0xc76c_51a3, 0xd192_e819, 0xd699_0624, 0xf40e_3585, 0x106a_a070,
        0x19a4_c116, 0x1e37_6c08, 0x2748_774c, 0x34b0_bcb5, 0x391c_0cb3, 0x4ed8_aa4a, 0x5b9c_ca4f, 0x682e_6ff3,
        0x748f_82ee, 0x78a5_636f, 0x84c8_7814, 0x8cc7_0208, 0x90be_fffa, 0xa450_6ceb, 0xbef9_a3f7, 0xc671_78f2,
    ]
}

extension UInt32 {
    fileprivate func rotated(_ count: UInt32) -> UInt32 { self >> count | self << (32 - count) }
}

/// A keyed code over a message (HMAC-SHA-256, RFC 2104).
public func authenticationCode(of message: Span<UInt8>, key: Span<UInt8>) -> Digest {
    var padded = InlineArray<64, UInt8>(repeating: 0)
    if key.count <= 64 {
        for index in key.indices { padded[index] = key[index] }
    } else {
        let short = SHA256.digest(of: key).bytes
        for index in short.indices { padded[index] = short[index] }
    }
    var inner = SHA256()
    for index in 0..<64 { inner.update(padded[index] ^ 0x36) }
    inner.update(message)
    var outer = SHA256()
    for index in 0..<64 { outer.update(padded[index] ^ 0x5C) }
    outer.update(inner.finalize().bytes.span)
    return outer.finalize()
}
