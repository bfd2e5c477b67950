import Engine
import HexaVM
import Law
import MonotonicTime
import Programs

/// What the server knows of programs: those installed, their files, and their runs.
struct ProgramHost {
    var library = ProgramLibrary()
    var files = FileStore()
    /// In the order of their coming.
    var runs: [ProgramExchange] = []
    /// Whose turn it is.
    var turn = 0
    var pace = ProgramPace()
    /// For the kernel's log, oldest first; what comes while it is full is dropped, and counted.
    private(set) var logLines: [[UInt8]] = []
    private(set) var droppedLogLines: UInt64 = 0

    /// Heap that all runs may use together.
    var heapByteCount: Int { runs.reduce(0) { $0 + $1.run.heapByteCount } }

    /// Keeps a line that a program logged: one line, of visible characters, whatever it holds.
    mutating func note(_ line: [UInt8], of program: String) {
        guard logLines.count < Limits.programLogLines else {
            droppedLogLines += 1
            return
        }
        let shown = line.prefix(Limits.programLogLineBytes).map { $0 < 0x20 || $0 == 0x7F ? UInt8(ascii: " ") : $0 }
        logLines.append(Array("program \(program): ".utf8) + shown)
    }

    mutating func takeLogLine() -> [UInt8]? { logLines.isEmpty ? nil : logLines.removeFirst() }
}

/// A run and the client that waits for what it answers.
final class ProgramExchange {
    let run: ProgramRun
    let connection: ConnectionID
    /// Whether the response's head is out.
    var hasBegun = false
    /// When the run may go on, having spent its fuel.
    var restsUntil: Instant?
    /// The model's reply that the run waits for.
    var awaited: ProgramReply?
    /// Replies that the run takes piece by piece; a stream's handle is its index.
    var streams: [ProgramReply] = []
    /// The stream whose next piece the run waits for.
    var awaitedStream: ProgramReply?

    init(run: ProgramRun, connection: ConnectionID) {
        self.run = run
        self.connection = connection
    }

    /// Whether the run waits for the model.
    var isWaiting: Bool { awaited != nil || awaitedStream != nil }

    /// Generations under way for the run.
    var generations: [GenerationID] {
        (awaited.map { [$0.id] } ?? []) + streams.compactMap { $0.isFinished ? nil : $0.id }
    }
}

/// What the model replies to a run.
final class ProgramReply {
    let id: GenerationID
    /// Made, and not yet taken.
    var pending: [UInt8] = []
    var isFinished = false
    /// What the reply holds of the program's quotas.
    var lease: QuotaLease?

    init(id: GenerationID, lease: consuming QuotaLease) {
        self.id = id
        self.lease = consume lease
    }
}
