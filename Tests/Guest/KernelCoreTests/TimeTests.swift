import KernelCore
import MonotonicTime
import TestSupport
import Testing

@Suite("The timestamp clock")
struct TimestampClockTests {
    @Test(
        "ticks become nanoseconds at the counter's rate",
        arguments: [
            UInt64(1_000_000_000), 2_300_000_000, 2_299_998_765, 24_000_000, 999,
        ])
    func rate(frequency: UInt64) {
        let clock = TimestampClock(frequencyHertz: frequency, origin: 1_000)
        #expect(clock.instant(at: 1_000) == .origin)
        let hour = clock.instant(at: 1_000 + 3_600 * frequency).nanoseconds
        let error = hour > 3_600_000_000_000 ? hour - 3_600_000_000_000 : 3_600_000_000_000 - hour
        #expect(error < 10_000, "an hour is off by \(error) ns")
    }

    @Test("KVM's scale: a fraction after a shift either way")
    func paravirtual() throws {
        let fast = try #require(TimestampClock(paravirtualMultiplier: 1 << 31, shift: 1, origin: 0))
        #expect(fast.instant(at: 12_345) == Instant(nanoseconds: 12_345))
        let slow = try #require(TimestampClock(paravirtualMultiplier: 1 << 31, shift: -1, origin: 0))
        #expect(slow.instant(at: 4_000) == Instant(nanoseconds: 1_000))
        #expect(slow.frequencyHertz == 4_000_000_000)
    }

    @Test("a clock goes on where another has stopped, whatever the counter says, and never before it")
    func continuation() {
        for frequency in [UInt64(2_299_998_765), 999, 3_000_000_000] {
            let clock = TimestampClock(frequencyHertz: frequency, origin: 77)
            for instant in [Instant.origin, Instant(nanoseconds: 5), Instant(nanoseconds: 90_000_000_000_001)] {
                for timestamp in [UInt64(0), 1 << 50] {
                    let shown = clock.showing(instant, at: timestamp).instant(at: timestamp)
                    #expect(shown >= instant)
                    #expect((shown - instant).nanoseconds <= 1_000_000_000 / frequency + 1)
                }
            }
        }
    }

    @Test("a clock page that was not filled in, or holds nonsense, gives no clock")
    func nonsense() {
        #expect(TimestampClock(paravirtualMultiplier: 0, shift: 0, origin: 0) == nil)
        #expect(TimestampClock(paravirtualMultiplier: 5, shift: 99, origin: 0) == nil)
        #expect(TimestampClock(paravirtualMultiplier: 1, shift: -20, origin: 0) == nil)
    }
}

@Suite("The timer queue")
struct TimerQueueTests {
    @Test("payloads leave by deadline, equal ones in the order they came")
    func order() {
        var queue = TimerQueue<Int>()
        for (payload, time) in [(0, 50), (1, 10), (2, 50), (3, 10), (4, 30)] {
            queue.insert(payload, at: Instant(nanoseconds: UInt64(time)))
        }
        #expect(queue.nextDeadline == Instant(nanoseconds: 10))
        #expect(queue.popExpired(now: Instant(nanoseconds: 9)) == nil)
        var left: [Int] = []
        while let payload = queue.popExpired(now: Instant(nanoseconds: 50)) { left.append(payload) }
        #expect(left == [1, 3, 4, 0, 2])
        #expect(queue.nextDeadline == .distantFuture)
    }

    @Test("a thousand random deadlines leave sorted")
    func random() {
        var random = SplitMix64(seed: 9)
        var queue = TimerQueue<UInt64>()
        for _ in 0..<1_000 {
            let time = UInt64.random(in: 0..<500, using: &random)
            queue.insert(time, at: Instant(nanoseconds: time))
        }
        var last: UInt64 = 0
        while let time = queue.popExpired(now: .distantFuture) {
            #expect(time >= last)
            last = time
        }
        #expect(queue.isEmpty)
    }
}
