@testable import KernelCore
import Testing

@Suite("The entropy pool")
struct EntropyPoolTests {
    @Test("the block function is ChaCha20: key stream of the all-zero key (RFC 8439, A.1, test vector 1)")
    func block() {
        let words = EntropyPool.block(key: .init(repeating: 0))
        #expect(words[0] == 0xade0_b876)
        #expect(words[1] == 0x903d_f1a0)
        #expect(words[15] == 0x8665_eeb2)
    }

    @Test("pools that were fed differently differ, and one never repeats itself soon")
    func independence() {
        var left = EntropyPool()
        var right = EntropyPool()
        left.mix(1)
        right.mix(2)
        var seen: Set<UInt64> = []
        for _ in 0..<1_000 {
            seen.insert(left.next())
            seen.insert(right.next())
        }
        #expect(seen.count == 2_000)
    }
}
