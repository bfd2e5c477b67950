import Glibc

/// The yardstick for a kernel call: the cheapest call there is of Linux. The library does not keep its answer.
func measureLinuxCall() {
    var sum: Int32 = 0
    measure("linux-getpid") { sum &+= getpid() }
    guard sum != 0 else { return report("linux-getpid", .nan) }
}

/// The yardstick for a switch: a byte to another thread and back through two pipes, in wall time.
func measureLinuxRoundTrip() throws {
    let count = 50_000
    let (there, back) = (try makePipe(), try makePipe())
    var thread = pthread_t()
    let ends = UnsafeMutablePointer<(Int32, Int32)>.allocate(capacity: 1)
    // SAFETY: read by the thread until it is joined below, and freed after that.
    ends.initialize(to: (there.read, back.write))
    defer { ends.deallocate() }
    let status = pthread_create(
        &thread, nil,
        { argument in
            guard let ends = argument?.assumingMemoryBound(to: (Int32, Int32).self).pointee else { return nil }
            var byte: UInt8 = 0
            while read(ends.0, &byte, 1) == 1 { _ = write(ends.1, &byte, 1) }
            return nil
        }, ends)
    guard status == 0 else { throw Unexpected() }
    var byte: UInt8 = 1
    let start = nanoseconds(CLOCK_MONOTONIC)
    for _ in 0..<count {
        guard write(there.write, &byte, 1) == 1, read(back.read, &byte, 1) == 1 else { throw Unexpected() }
    }
    report("linux-pipe-round-trip", (nanoseconds(CLOCK_MONOTONIC) - start) / Double(count))
    close(there.write)
    pthread_join(thread, nil)
    for descriptor in [there.read, back.read, back.write] { close(descriptor) }
}

private func makePipe() throws -> (read: Int32, write: Int32) {
    var descriptors: [Int32] = [0, 0]
    guard pipe(&descriptors) == 0 else { throw Unexpected() }
    return (descriptors[0], descriptors[1])
}
