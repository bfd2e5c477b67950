/// A failure that ends a command: one line for the user, which names what to change, and one exit code for a script.
public protocol ReportedFailure: Error, CustomStringConvertible {
    var report: FailureReport { get }
}

/// What is printed of a failure, and what a script sees of it.
public struct FailureReport: Equatable, Sendable {
    /// One line, without a final full stop or line feed.
    public let message: String
    public let exitCode: SystemExit

    public init(_ message: String, _ exitCode: SystemExit) {
        self.message = message
        self.exitCode = exitCode
    }
}

extension ReportedFailure {
    public var description: String { report.message }
    public var exitCode: SystemExit { report.exitCode }
}

/// Runs a part of an operation; its failure becomes the operation's own.
public func failing<Value: ~Copyable, Part: Error, Whole: Error>(
    as whole: (Part) -> Whole, _ body: () throws(Part) -> Value
) throws(Whole) -> Value {
    do throws(Part) {
        return try body()
    } catch {
        throw whole(error)
    }
}
