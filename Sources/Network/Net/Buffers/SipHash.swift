/// SipHash-2-4 (Aumasson, Bernstein, 2012) over messages of whole 64-bit words: a keyed hash that a peer who does not
/// know the key can neither predict nor make collide.
struct SipHash: Sendable {
    private var v0: UInt64
    private var v1: UInt64
    private var v2: UInt64
    private var v3: UInt64
    private var wordCount: UInt64 = 0

    init(key: NetworkSecret) {
        v0 = key.low ^ 0x736f_6d65_7073_6575
        v1 = key.high ^ 0x646f_7261_6e64_6f6d
        v2 = key.low ^ 0x6c79_6765_6e65_7261
        v3 = key.high ^ 0x7465_6462_7974_6573
    }

    /// Adds the next eight bytes of the message, read as a little-endian number.
    mutating func combine(_ word: UInt64) {
        v3 ^= word
        round()
        round()
        v0 ^= word
        wordCount &+= 1
    }

    /// The hash of everything combined so far.
    func finalized() -> UInt64 {
        var state = self
        state.combine((wordCount &* 8) << 56)
        state.v2 ^= 0xFF
        for _ in 0..<4 { state.round() }
        return state.v0 ^ state.v1 ^ state.v2 ^ state.v3
    }

    private mutating func round() {
        v0 = v0 &+ v1
        v1 = rotate(v1, 13) ^ v0
        v0 = rotate(v0, 32)
        v2 = v2 &+ v3
        v3 = rotate(v3, 16) ^ v2
        v0 = v0 &+ v3
        v3 = rotate(v3, 21) ^ v0
        v2 = v2 &+ v1
        v1 = rotate(v1, 17) ^ v2
        v2 = rotate(v2, 32)
    }

    private func rotate(_ value: UInt64, _ count: UInt64) -> UInt64 {
        value &<< count | value &>> (64 &- count)
    }
}

/// 128 secret random bits, fresh at each boot: they make initial sequence numbers, timestamps and hash tables
/// unpredictable for peers (RFC 6528).
public struct NetworkSecret: Sendable {
    let low: UInt64
    let high: UInt64

    public init(_ low: UInt64, _ high: UInt64) {
        self.low = low
        self.high = high
    }
}

extension SipHash {
    /// The hash of a short message.
    static func hash(_ first: UInt64, _ second: UInt64 = 0, key: NetworkSecret) -> UInt64 {
        var state = SipHash(key: key)
        state.combine(first)
        state.combine(second)
        return state.finalized()
    }
}
