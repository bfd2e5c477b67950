import MonotonicTime
import Programs

/// When programs get the processor while requests wait for the model: for a small, measured share of the time.
///
/// Fuel bounds a slice but not to the microsecond: a loop's unit takes nanoseconds, a large array's allocation a
/// millisecond. So a slice is timed, and what it took is what the next one waits for, many times over. Programs that
/// do their worst cost requests that share and no more.
struct ProgramPace {
    /// When the slice began whose end has not been seen.
    private var sliceBegan: Instant?
    private var resumesAt = Instant.origin

    /// Whether a slice may begin although the model has work.
    func allowsSlice(now: Instant) -> Bool { resumesAt <= now }

    /// A slice begins; the next call of `advance(to:)` is its end.
    mutating func beginSlice(now: Instant) { sliceBegan = now }

    mutating func advance(to now: Instant) {
        guard let began = sliceBegan.take() else { return }
        resumesAt = now + (now - began) * (Programs.Limits.busyShareDivisor - 1)
    }
}
