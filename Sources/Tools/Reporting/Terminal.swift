import ArgumentParser
import Glibc
import HostErrors

/// Where words for a person go. Standard output carries what was asked for (an answer, a report); everything about how
/// it is going goes to standard error. Colour and redrawn lines appear on a terminal only.
public enum Terminal {
    public static let isInteractive = isatty(STDERR_FILENO) == 1 && getenv("NO_COLOR") == nil

    public static func print(_ line: String) { write(line + "\n", to: STDOUT_FILENO) }

    public static func print(bytes: [UInt8]) { write(bytes, to: STDOUT_FILENO) }

    /// A line of how things are going; replaces a progress line.
    public static func note(_ line: String) { write(clearing + line + "\n", to: STDERR_FILENO) }

    public static func warn(_ text: String) { note(coloured("warning:", "33") + " " + text) }

    public static func fail(_ text: String) { note(coloured("error:", "31") + " " + text) }

    /// A line that the next one replaces; nothing at all when no terminal is there to redraw it.
    public static func progress(_ text: String) {
        if isInteractive { write(clearing + text, to: STDERR_FILENO) }
    }

    /// Takes a progress line away.
    public static func clearProgress() { progress("") }

    private static var clearing: String { isInteractive ? "\r\u{1b}[K" : "" }

    private static func coloured(_ text: String, _ code: String) -> String {
        isInteractive ? "\u{1b}[\(code)m\(text)\u{1b}[0m" : text
    }

    private static func write(_ text: String, to descriptor: Int32) { write(Array(text.utf8), to: descriptor) }

    private static func write(_ bytes: [UInt8], to descriptor: Int32) {
        var sent = 0
        while sent < bytes.count {
            let length = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress! + sent, $0.count - sent) }
            if length <= 0, errno != EINTR { return }
            sent += max(length, 0)
        }
    }
}

/// Runs a command's body; a failure becomes one line and its exit code.
public func reportingFailure(_ body: () throws -> Void) throws {
    do {
        try body()
    } catch let failure as any ReportedFailure {
        Terminal.fail(failure.report.message)
        throw ExitCode(failure.report.exitCode.rawValue)
    }
}
