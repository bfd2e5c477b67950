import MonotonicTime
import Testing

@Suite("Instants and intervals")
struct InstantTests {
    @Test("an instant plus an interval is later by that interval")
    func addition() {
        let start = Instant(nanoseconds: 5)
        #expect(start + .microseconds(2) == Instant(nanoseconds: 2_005))
        #expect((start + .microseconds(2)) - start == .microseconds(2))
    }

    @Test("no arithmetic traps: everything saturates")
    func saturation() {
        #expect(Instant.distantFuture + .seconds(1) == .distantFuture)
        #expect(Instant.origin - Instant(nanoseconds: 1) == .zero)
        #expect(Interval.seconds(.max) == Interval(nanoseconds: .max))
        #expect(Interval.zero - .nanoseconds(1) == .zero)
        #expect(Interval(nanoseconds: .max) + .nanoseconds(1) == Interval(nanoseconds: .max))
    }

    @Test("units convert, rounding down")
    func units() {
        #expect(Interval.nanoseconds(1_999_999).milliseconds == 1)
        #expect(Interval.nanoseconds(1_999).microseconds == 1)
        #expect(Interval.milliseconds(1_500).seconds == 1.5)
    }
}
