import Glibc

/// What was measured did not do what it should.
struct Unexpected: Error {}

let repetitions = 2_000_000

/// Prints the nanoseconds of this thread's CPU time for each of `repetitions` calls.
func measure(_ name: String, repetitions: Int = repetitions, _ body: () throws -> Void) rethrows {
    let start = nanoseconds(CLOCK_THREAD_CPUTIME_ID)
    for _ in 0..<repetitions { try body() }
    report(name, (nanoseconds(CLOCK_THREAD_CPUTIME_ID) - start) / Double(repetitions))
}

func nanoseconds(_ clock: clockid_t) -> Double {
    var time = timespec()
    clock_gettime(clock, &time)
    return Double(time.tv_sec) * 1e9 + Double(time.tv_nsec)
}

func report(_ name: String, _ nanoseconds: Double) { print(name, nanoseconds) }
