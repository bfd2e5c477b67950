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
        let path = try ProgramPath(name: Array(name.utf8))
        let permit = try law.check(law.kernelCapability(), Write.self, on: path, now: now)
        return try library.install(permit, bytes, law: law)
    }

    mutating func start(
        _ source: String, request: String = "", arguments: [String] = []
    ) throws -> ProgramRun {
        _ = try install(Array(source.utf8))
        let path = try ProgramPath(name: Array("p".utf8))
        let permit = try law.check(law.kernelCapability(), Execute.self, on: path, now: now)
        guard let program = library.open(permit), let capability = law.capability(ofProgram: "p") else {
            throw NoSuchProgram()
        }
        let quotas = law.quotas(of: capability.subject)
        return ProgramRun(
            program, capability: capability, quotas: quotas,
            request: ProgramRequest(body: Array(request.utf8), arguments: arguments.map { Array($0.utf8) }), seed: 1,
            now: now)
    }

    /// The names of the programs that are installed.
    mutating func installedNames() throws -> [String] {
        library.list(try law.check(law.kernelCapability(), Read.self, on: .programs, now: now)).map(\.name)
    }

    mutating func revoke(_ subject: SubjectID) throws {
        law.revoke(try law.check(law.kernelCapability(), Administer.self, on: .law, now: now), subject, now: now)
    }

    mutating func step(_ run: ProgramRun, fuel: Int = 1_000) -> SeenEvent {
        SeenEvent(run.step(fuel: fuel, law: &law, files: &files, time: RunTime(now: now, unixSeconds: 1_700_000_000)))
    }

    /// Runs to the end, or until the run waits for the model.
    mutating func finish(_ run: ProgramRun) -> SeenEvent {
        for _ in 0..<100_000 {
            let event = step(run)
            if event != .working { return event }
        }
        return .working
    }

    /// What a program answers, and how it ends.
    mutating func run(_ source: String, request: String = "") throws -> (text: String, end: SeenEvent) {
        let run = try start(source, request: request)
        let end = finish(run)
        return (String(decoding: run.takeOutput(), as: UTF8.self), end)
    }
}

/// What a slice came to, for comparing: without the permits.
enum SeenEvent: Equatable {
    case working
    case resting(until: Instant)
    case waiting(SeenRequest)
    case finished
    case failed(String)

    init(_ event: consuming RunEvent) {
        self =
            switch consume event {
            case .working: .working
            case .resting(let until): .resting(until: until)
            case .waiting(let request): .waiting(SeenRequest(request))
            case .ended(.finished): .finished
            case .ended(.failed(let text)): .failed(text)
            }
    }
}

enum SeenRequest: Equatable {
    case infer(InferenceOptions)
    case openStream(InferenceOptions)
    case nextPiece(stream: UInt64)
    case tokenize([UInt8])
    case detokenize([Int64])
    case extend(cache: UInt64, text: [UInt8], isFirst: Bool)
    case score([Int32])
    case sample([Float], SamplingOptions)

    init(_ request: consuming ModelRequest) {
        self =
            switch consume request {
            case .infer(_, let options): .infer(options)
            case .openStream(_, let options): .openStream(options)
            case .nextPiece(_, let stream): .nextPiece(stream: stream)
            case .tokenize(_, let text): .tokenize(text)
            case .detokenize(_, let numbers): .detokenize(numbers)
            case .extend(_, let cache, let text, let isFirst): .extend(cache: cache, text: text, isFirst: isFirst)
            case .score(_, let tokens): .score(tokens)
            case .sample(_, let row, let options): .sample(row, options)
            }
    }
}
