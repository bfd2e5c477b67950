import KernelCore
import Law
import MonotonicTime
import Programs

/// What a check of the law and a switch between programs cost on this machine; `bench/law.py --guest` reads the lines.
enum LawSpeed {
    private static let checkCount: UInt64 = 10_000_000
    private static let switchCount: UInt64 = 1_000_000

    static func report(law: inout Law, capability: borrowing Capability) {
        report("law-check", measureChecks(&law, capability), count: checkCount)
        if let duration = measureSwitches() { report("switch", duration, count: switchCount) }
    }

    private static func report(_ name: StaticString, _ duration: Interval?, count: UInt64) {
        guard let duration else { return Machine.log.error("speed: \(name) was refused") }
        Machine.log.info("speed: \(name) \(duration.nanoseconds * 1_000 / count) ps")
    }

    private static func measureChecks(_ law: inout Law, _ capability: borrowing Capability) -> Interval? {
        let start = MachineClock.now
        for _ in 0..<checkCount {
            guard (try? law.check(capability, Infer.self, on: .model, now: start)) != nil else { return nil }
        }
        return MachineClock.now - start
    }

    /// Two programs that loop for ever, an iteration each in turn, under a law of their own.
    private static func measureSwitches() -> Interval? {
        var document = LawDocument()
        document.subjects = [LawDocument.Subject(name: "loop", kind: .program)]
        var law = Law(document)
        var files = FileStore()
        guard let first = startLoop(&law), let second = startLoop(&law) else { return nil }
        let start = MachineClock.now
        let time = RunTime(now: start, unixSeconds: 0)
        for _ in 0..<switchCount / 2 {
            guard case .working = first.step(fuel: 1, law: &law, files: &files, time: time),
                case .working = second.step(fuel: 1, law: &law, files: &files, time: time)
            else { return nil }
        }
        return MachineClock.now - start
    }

    private static func startLoop(_ law: inout Law) -> ProgramRun? {
        let kernel = law.kernelCapability()
        let now = MachineClock.now
        var library = ProgramLibrary()
        guard let path = try? ProgramPath(name: Array("loop".utf8)),
            let write = try? law.check(kernel, Write.self, on: path, now: now),
            (try? library.install(write, Array("while true { }".utf8), law: law)) != nil,
            let execute = try? law.check(kernel, Execute.self, on: path, now: now),
            let program = library.open(execute),
            let capability = law.capability(ofProgram: "loop")
        else { return nil }
        return ProgramRun(
            program, capability: capability, quotas: Quotas(), request: ProgramRequest(), seed: 1, now: now)
    }
}
