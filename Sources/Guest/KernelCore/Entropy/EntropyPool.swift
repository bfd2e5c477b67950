/// A random number generator for secrets: ChaCha20 (RFC 8439) in counter mode under a key that `mix` folds new entropy
/// into. Every block rekeys the generator with its first half (fast key erasure), so what was given out cannot be
/// recomputed from a later state.
public struct EntropyPool {
    private var key: InlineArray<8, UInt32> = .init(repeating: 0)
    private var words: InlineArray<8, UInt32> = .init(repeating: 0)
    private var unusedWords = 0

    public init() {}

    /// Folds `entropy` in; whatever was random before stays so.
    public mutating func mix(_ entropy: UInt64) {
        key[0] ^= UInt32(truncatingIfNeeded: entropy)
        key[1] ^= UInt32(truncatingIfNeeded: entropy >> 32)
        refill()
    }

    public mutating func next() -> UInt64 {
        UInt64(nextWord()) | UInt64(nextWord()) << 32
    }

    private mutating func nextWord() -> UInt32 {
        if unusedWords == 0 { refill() }
        unusedWords -= 1
        let word = words[unusedWords]
        words[unusedWords] = 0
        return word
    }

    private mutating func refill() {
        let block = Self.block(key: key)
        for index in 0..<8 {
            key[index] = block[index]
            words[index] = block[index + 8]
        }
        unusedWords = 8
    }

    /// The ChaCha20 block function with a zero counter and nonce: the key is new for every block.
    static func block(key: InlineArray<8, UInt32>) -> InlineArray<16, UInt32> {
        var initial = InlineArray<16, UInt32>(repeating: 0)
        initial[0] = 0x6170_7865
        initial[1] = 0x3320_646e
        initial[2] = 0x7962_2d32
        initial[3] = 0x6b20_6574
        for index in 0..<8 { initial[4 + index] = key[index] }
        var state = initial
        for _ in 0..<10 {
            quarterRound(&state, 0, 4, 8, 12)
            quarterRound(&state, 1, 5, 9, 13)
            quarterRound(&state, 2, 6, 10, 14)
            quarterRound(&state, 3, 7, 11, 15)
            quarterRound(&state, 0, 5, 10, 15)
            quarterRound(&state, 1, 6, 11, 12)
            quarterRound(&state, 2, 7, 8, 13)
            quarterRound(&state, 3, 4, 9, 14)
        }
        for index in 0..<16 { state[index] &+= initial[index] }
        return state
    }

    private static func quarterRound(_ s: inout InlineArray<16, UInt32>, _ a: Int, _ b: Int, _ c: Int, _ d: Int) {
        s[a] &+= s[b]
        s[d] = rotate(s[d] ^ s[a], 16)
        s[c] &+= s[d]
        s[b] = rotate(s[b] ^ s[c], 12)
        s[a] &+= s[b]
        s[d] = rotate(s[d] ^ s[a], 8)
        s[c] &+= s[d]
        s[b] = rotate(s[b] ^ s[c], 7)
    }

    private static func rotate(_ word: UInt32, _ count: UInt32) -> UInt32 {
        word << count | word >> (32 - count)
    }
}
