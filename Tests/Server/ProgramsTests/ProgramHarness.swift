import HexaVM
import Law
import MonotonicTime
import Programs

/// A law, a library and a file store, and programs that run on them to their end.
struct ProgramHarness {
    var law: Law
    var library = ProgramLibrary()
    var files = FileStore()
    var now = Instant(nanoseconds: 1_000)

    struct NoSuchProgram: Error {}

    /// A law with one program, `p`, that has these fields: `"grants": {...}`.
    init(_ fields: String) throws {
        let text = """
            {"format": 1, "version": 1, "subjects": {"p": {"kind": "program", \(fields)}}}
            """
        law = Law(try LawDocument(parsing: Array(text.utf8)))
    }

    mutating func install(_ bytes: [UInt8], as name: String = "p") throws -> InstalledProgram {
        let path = try ProgramLibrary.path(of: Array(name.utf8))
        let permit = try law.check(law.kernelCapability(), Write.self, on: path, now: now)
        return try library.install(permit, bytes, law: law)
    }

    mutating func start(
        _ source: String, request: String = "", arguments: [String] = []
    ) throws -> ProgramRun {
        let program = try install(Array(source.utf8))
        let path = try ProgramLibrary.path(of: Array("p".utf8))
        let permit = try law.check(law.kernelCapability(), Execute.self, on: path, now: now)
        guard let capability = law.capability(ofProgram: "p") else { throw NoSuchProgram() }
        let quotas = law.quotas(of: capability.subject)
        return ProgramRun(
            program, permit, capability: capability, quotas: quotas,
            request: ProgramRequest(body: Array(request.utf8), arguments: arguments.map { Array($0.utf8) }), seed: 1,
            now: now)
    }

    mutating func step(_ run: ProgramRun, fuel: Int = 1_000) -> RunEvent {
        run.step(fuel: fuel, law: &law, files: &files, time: RunTime(now: now, unixSeconds: 1_700_000_000))
    }

    /// Runs to the end, or until the run waits for the model.
    mutating func finish(_ run: ProgramRun) -> RunEvent {
        for _ in 0..<100_000 {
            let event = step(run)
            if event != .working { return event }
        }
        return .working
    }

    /// What a program answers, and how it ends.
    mutating func run(_ source: String, request: String = "") throws -> (text: String, end: RunEvent) {
        let run = try start(source, request: request)
        let end = finish(run)
        return (String(decoding: run.takeOutput(), as: UTF8.self), end)
    }
}
