import HexaBytecode
import HexaVM
import Law
import MonotonicTime

/// What a slice of a run came to.
public enum RunEvent: ~Copyable, Sendable {
    /// There is more to do.
    case working
    /// Nothing can be done before this instant: the run has spent the fuel that it has earned so far.
    case resting(until: Instant)
    /// The run waits for the model: answer with `answer`.
    case waiting(ModelRequest)
    case ended(RunEnding)
}

/// How a run ended.
public enum RunEnding: Equatable, Sendable {
    case finished
    /// The program's error, or the limit it ran into, for a person.
    case failed(String)
}

/// What only the owner of the model can answer, with the leave that the law has given for it.
public enum ModelRequest: ~Copyable, Sendable {
    /// The reply to a prompt, whole.
    case infer(Permit<Infer, ModelTarget>, InferenceOptions)
    /// A stream of the reply to a prompt: answered with a handle.
    case openStream(Permit<Infer, ModelTarget>, InferenceOptions)
    /// The next piece of a stream: a string, or void at its end.
    case nextPiece(Permit<Infer, ModelTarget>, stream: UInt64)
    case tokenize(Permit<Read, TokenizerTarget>, [UInt8])
    case detokenize(Permit<Read, TokenizerTarget>, [Int64])
    /// Text to add to a cache; the answer is `extend`.
    case extend(Permit<Append, CachesTarget>, cache: UInt64, text: [UInt8], isFirst: Bool)
    /// The log-probability of each token of the vocabulary to follow these: an array of floats.
    case score(Permit<Infer, ModelTarget>, [Int32])
    /// A token drawn from a row of log-probabilities.
    case sample(Permit<Infer, ModelTarget>, [Float], SamplingOptions)
}

/// What a run is given.
public struct ProgramRequest: Equatable, Sendable {
    /// What `request()` returns.
    public var body: [UInt8]
    /// What `args()` returns after the program's name.
    public var arguments: [[UInt8]]

    public init(body: [UInt8] = [], arguments: [[UInt8]] = []) {
        self.body = body
        self.arguments = arguments
    }
}

/// One execution of a program for one request: its machine, its rights, its answer so far.
///
/// A class, because it is worked on while its owner goes through its runs.
public final class ProgramRun {
    public let name: String
    let machine: Machine
    var capability: Capability
    var caches = CacheTable()
    /// Seeds `sample` where the program names no seed.
    private var seed: UInt64
    private var fuelSpent = 0
    private let requestBody: [UInt8]
    private let deadline: Instant
    private let fuelPerSecond: Int?
    /// When the fuel spent so far has been paid for, at the pace of the quota.
    private var fuelPaidUntil: Instant
    public let heapByteCount: Int
    /// What the program has answered and was not taken yet.
    private var output: [UInt8] = []
    private var logLines: [[UInt8]] = []
    private var ending: RunEnding?

    /// - Parameters:
    ///   - capability: the program's own; it runs with no other rights, whatever client asked for it.
    ///   - heapByteCount: `heapBytes(for:)` of its quotas.
    public init(
        _ executable: consuming ExecutableProgram, capability: consuming Capability, quotas: Quotas,
        request: ProgramRequest, seed: UInt64, now: Instant
    ) {
        let program = executable.program
        name = program.name
        var configuration = MachineConfiguration()
        heapByteCount = Self.heapBytes(for: quotas)
        configuration.heapBytesMax = heapByteCount
        configuration.arguments = [Array(program.name.utf8)] + request.arguments
        configuration.seed = seed
        self.seed = seed
        machine = Machine(program.module, configuration: configuration)
        self.capability = capability
        requestBody = request.body
        fuelPerSecond = quotas.fuelPerSecond
        fuelPaidUntil = now
        deadline = now + Limits.runTimeMax
    }

    /// The memory that a run with these quotas gets.
    public static func heapBytes(for quotas: Quotas) -> Int {
        min(quotas.heapBytes ?? Limits.heapBytesDefault, Limits.heapBytesMax)
    }

    public var subject: SubjectID { capability.subject }

    /// What the program has answered since it was last asked.
    public func takeOutput() -> [UInt8] {
        defer { output.removeAll(keepingCapacity: true) }
        return output
    }

    /// Lines for the kernel's log.
    public func takeLogLines() -> [[UInt8]] {
        defer { logLines.removeAll() }
        return logLines
    }

    /// Gives back what the run's capability took of the law's memory; the run is over.
    public func surrender(to law: inout Law) { law.dissolve(capability) }

    /// Runs a slice. Calls of the kernel's that need no model are answered on the way.
    public func step(fuel: Int, law: inout Law, files: inout FileStore, time: RunTime) -> RunEvent {
        if let ending { return .ended(ending) }
        guard time.now < deadline else {
            return end(.failed("time: the program ran longer than \(Limits.runTimeMax.milliseconds / 1_000) s\n"))
        }
        if fuelPerSecond != nil, fuelPaidUntil > time.now { return .resting(until: fuelPaidUntil) }
        guard fuelSpent < Limits.runFuelMax else {
            return end(.failed("fuel: the program made more than \(Limits.runFuelMax) calls and loop iterations\n"))
        }
        var left = fuel
        defer { pay(fuel - left, now: time.now) }
        while true {
            let outcome = machine.run(fuel: left)
            left = min(machine.fuelLeft, left)
            guard case .kernelCall(let request) = outcome else { return event(of: outcome) }
            left -= Limits.callFuel
            // What was printed comes before what is answered.
            if !request.call.isBrief { takeMachineOutput() }
            do throws(KernelError) {
                if let needed = try serve(request, law: &law, files: &files, time: time) { return .waiting(needed) }
            } catch {
                machine.answer(error)
            }
            guard left > 0, request.call.isBrief else { return .working }
        }
    }

    private func event(of outcome: Outcome) -> RunEvent {
        takeMachineOutput()
        switch outcome {
        case .yielded, .kernelCall: return .working
        case .finished: return end(.finished)
        case .exited(let code): return end(code == 0 ? .finished : .failed("the program exited with \(code)\n"))
        case .failed(let failure): return end(.failed(Self.describe(failure)))
        }
    }

    private func takeMachineOutput() {
        output += machine.takeOutput()
        keepLogLines(of: machine.takeErrorOutput())
    }

    func nextSeed() -> UInt64 {
        seed &+= 1
        return seed
    }

    public func answer(_ value: HostValue) { machine.answer(value) }

    public func answer(_ error: KernelError) { machine.answer(error) }

    func respond(_ permit: consuming Permit<Write, RequestTarget>, _ bytes: [UInt8]) { output += bytes }

    func requestText(_ permit: consuming Permit<Read, RequestTarget>) -> [UInt8] { requestBody }

    func log(_ permit: consuming Permit<Append, LogTarget>, _ text: [UInt8]) { keepLogLines(of: text) }

    private func keepLogLines(of text: [UInt8]) {
        for line in text.split(separator: UInt8(ascii: "\n")) { logLines.append(Array(line)) }
    }

    private func end(_ ending: RunEnding) -> RunEvent {
        self.ending = ending
        return .ended(ending)
    }

    private func pay(_ fuel: Int, now: Instant) {
        fuelSpent += fuel
        guard let fuelPerSecond else { return }
        let price = Interval.seconds(1) * UInt64(max(fuel, 0)) / UInt64(max(fuelPerSecond, 1))
        fuelPaidUntil = max(fuelPaidUntil, now) + price
    }

    private static func describe(_ failure: ProgramFailure) -> String {
        var text =
            String(decoding: failure.kind, as: UTF8.self) + ": "
            + String(decoding: failure.message, as: UTF8.self) + "\n"
        for entry in failure.trace where entry.position.line > 0 {
            text +=
                "  at " + String(decoding: entry.function, as: UTF8.self) + " ("
                + String(decoding: entry.file, as: UTF8.self) + ":\(entry.position.line)"
                + ":\(entry.position.column))\n"
        }
        return text
    }
}

/// The two clocks of a slice.
public struct RunTime: Sendable {
    var now: Instant
    private var unixSeconds: UInt64

    public init(now: Instant, unixSeconds: UInt64) {
        self.now = now
        self.unixSeconds = unixSeconds
    }

    func unixSeconds(_ permit: consuming Permit<Read, ClockTarget>) -> UInt64 { unixSeconds }

    func secondsSinceBoot(_ permit: consuming Permit<Read, ClockTarget>) -> Double { Double(now.nanoseconds) / 1e9 }
}
