@testable import Tensor
import Testing

/// Times in these tests are milliseconds of a counter that runs at 2.5 GHz.
@Suite("The leader's trust in its lanes")
struct LaneTrustTests {
    static let millisecond: UInt64 = 2_500_000

    /// Shared phases of 4 ms, each with this wait at its end; how long the leader was alone within `duration`.
    static func millisecondsAlone(waiting wait: UInt64, duration: UInt64 = 4_000) -> UInt64 {
        var trust = LaneTrust()
        var alone: UInt64 = 0
        var now: UInt64 = 0
        while now < duration {
            let isShared = trust.includesLanes(now: now * millisecond)
            now += 4
            if isShared {
                trust.record(cycles: 4 * millisecond, waitCycles: wait * millisecond, now: now * millisecond)
            } else {
                alone += 4
            }
        }
        return alone
    }

    @Test("short waits, and stalls that cost less than lanes bring, change nothing")
    func trusted() {
        #expect(Self.millisecondsAlone(waiting: 0) == 0)
        #expect(Self.millisecondsAlone(waiting: 1) == 0)
    }

    @Test("where stalls take most of the time, the leader is alone for nine tenths of it, and tries again")
    func distrusted() {
        let alone = Self.millisecondsAlone(waiting: 3)
        #expect(alone > 3_400 && alone < 3_700)
    }

    @Test("stalls are counted")
    func counted() {
        var trust = LaneTrust()
        trust.record(cycles: 4 * Self.millisecond, waitCycles: Self.millisecond, now: 0)
        trust.record(cycles: 4 * Self.millisecond, waitCycles: Self.millisecond / 10, now: 0)
        #expect(trust.stallCount == 1)
    }
}
