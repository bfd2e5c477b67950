import HexaBytecode

/// An error that no `catch` took: what ended the program.
public struct ProgramFailure: Error, Equatable, Sendable {
    public struct TraceEntry: Equatable, Sendable {
        public var function: [UInt8]
        public var file: [UInt8]
        public var position: SourcePosition
    }

    /// `ErrorKind.name`, or "thrown" for a value that is no error.
    public var kind: [UInt8]
    public var message: [UInt8]
    /// Innermost call first; the first entry is where the error arose. At most `traceEntriesMax`.
    public var trace: [TraceEntry]

    /// Calls that are reported: the innermost ones say where the error is.
    public static let traceEntriesMax = 32
}

/// What `Machine.run` ended with.
public enum Outcome: Equatable, Sendable {
    /// The program has ended.
    case finished
    /// The program called `exit`.
    case exited(code: Int)
    /// The slice is used up, or output waits to be taken: call `run` again.
    case yielded
    /// The program waits for this call: `answer` it, then `run` again.
    case kernelCall(KernelRequest)
    case failed(ProgramFailure)
}
