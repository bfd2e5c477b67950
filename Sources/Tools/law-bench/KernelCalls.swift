import Glibc
import HexaVM
import Law
import MonotonicTime
import Programs

/// Programs under a law, and one run of each as the appliance would have it.
private struct ProgramBench {
    var law: Law
    var library = ProgramLibrary()
    var files = FileStore()
    let now = Instant(nanoseconds: 1)

    init() throws {
        let text = """
            {"format": 1, "subjects": {"bench": {"kind": "program", "grants": {"/system/clock": ["read"]}}}}
            """
        law = Law(try LawDocument(parsing: Array(text.utf8)))
    }

    mutating func start(_ source: String) throws -> ProgramRun {
        let path = try ProgramPath(name: Array("bench".utf8))
        let kernel = law.kernelCapability()
        _ = try library.install(
            try law.check(kernel, Write.self, on: path, now: now), Array(source.utf8), law: law)
        let permit = try law.check(kernel, Execute.self, on: path, now: now)
        guard let program = library.open(permit), let capability = law.capability(ofProgram: "bench") else {
            throw Unexpected()
        }
        return ProgramRun(
            program, capability: capability, quotas: Quotas(), request: ProgramRequest(), seed: 1, now: now)
    }

    mutating func step(_ run: ProgramRun, fuel: Int) -> RunEvent {
        run.step(fuel: fuel, law: &law, files: &files, time: RunTime(now: now, unixSeconds: 1_700_000_000))
    }

    /// Nanoseconds of this thread that a program takes from its start to its end.
    mutating func duration(of source: String) throws -> Double {
        let run = try start(source)
        let start = nanoseconds(CLOCK_THREAD_CPUTIME_ID)
        while true {
            switch step(run, fuel: Programs.Limits.sliceFuelIdle) {
            case .working: continue
            case .ended(.finished): return nanoseconds(CLOCK_THREAD_CPUTIME_ID) - start
            default: throw Unexpected()
            }
        }
    }
}

/// What a kernel call costs a program, its law check and its answer included: a loop with one, less the loop.
func measureKernelCall() throws {
    let count = 1_000_000
    var bench = try ProgramBench()
    let empty = try bench.duration(of: "let mut i = 0\nwhile i < \(count) { i += 1 }")
    let calling = try bench.duration(of: "let mut i = 0\nwhile i < \(count) { now(); i += 1 }")
    report("kernel-call", (calling - empty) / Double(count))
}

/// What it costs to go from one program to another: each runs one iteration of a loop in its turn.
func measureSwitch() throws {
    var bench = try ProgramBench()
    let runs = [try bench.start("while true { }"), try bench.start("while true { }")]
    var turn = 0
    try measure("switch") {
        turn = 1 - turn
        guard case .working = bench.step(runs[turn], fuel: 1) else { throw Unexpected() }
    }
}
