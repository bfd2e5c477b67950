/// One line of the console. The kernel writes `[seconds.micros] level text`, fault reports included; what a firmware
/// prints follows no form.
public struct ConsoleLine: Equatable, Sendable {
    public let text: String
    /// Nil for a line that is not a log record.
    public let level: LogLevel?

    public init(_ text: String) {
        self.text = text
        let afterTime =
            text.hasPrefix("[")
            ? text.split(separator: "]", maxSplits: 1, omittingEmptySubsequences: false).dropFirst().first ?? ""
            : ""
        let word = afterTime.split(separator: " ", maxSplits: 1).first ?? ""
        level = LogLevel(rawValue: word.lowercased())
    }

    /// The kernel's word that its server takes connections.
    public var announcesReady: Bool { text.contains(" ready, ") }

    /// Why the kernel will not be saved, if the line says so.
    var snapshotRefusal: String? {
        guard level == .warn, let range = text.firstRange(of: " snapshot: refused, ") else { return nil }
        return String(text[range.upperBound...])
    }
}

/// Cuts the console's bytes into lines. A guest that never ends its line cannot make this grow.
public struct ConsoleLineSplitter: Sendable {
    /// Longer lines are cut: no honest line comes near.
    public static let byteCountMax = 4_096

    private var partial: [UInt8] = []

    public init() {}

    /// Takes bytes as they came; answers the lines they complete.
    public mutating func receive(_ bytes: [UInt8]) -> [ConsoleLine] {
        var lines: [ConsoleLine] = []
        for byte in bytes {
            if byte == UInt8(ascii: "\n") || partial.count == Self.byteCountMax {
                lines.append(takeLine())
            }
            // Control bytes could rewrite the terminal: only tabs pass.
            if byte >= 0x20 && byte != 0x7f || byte == UInt8(ascii: "\t") { partial.append(byte) }
        }
        return lines
    }

    /// The line under way, at the end of the stream.
    public mutating func finish() -> ConsoleLine? {
        partial.isEmpty ? nil : takeLine()
    }

    private mutating func takeLine() -> ConsoleLine {
        defer { partial.removeAll(keepingCapacity: true) }
        return ConsoleLine(String(decoding: partial, as: UTF8.self))
    }
}
