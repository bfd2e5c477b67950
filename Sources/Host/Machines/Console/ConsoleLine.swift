import GuestInterface

/// One line of the console: a record of the kernel's log, a message to this program, or what a firmware prints.
public struct ConsoleLine: Equatable, Sendable {
    /// As a user sees it.
    public let text: String
    private let content: Content

    private enum Content: Equatable, Sendable {
        case record(LogPrefix)
        case message(GuestMessage)
        case other
    }

    public init(_ text: String) {
        self.init(text: text, content: LogPrefix(of: Array(text.utf8)).map { .record($0) } ?? .other)
    }

    private init(text: String, content: Content) {
        self.text = text
        self.content = content
    }

    /// - Parameter frame: what is between a frame's start and its end. Where it is no message it is a line like others.
    init(frame: [UInt8]) {
        if let message = GuestMessage(frame: frame) {
            self.init(text: message.text, content: .message(message))
        } else {
            self.init(String(decoding: frame, as: UTF8.self))
        }
    }

    /// Nil for a line that is neither a record nor something that needs attention.
    public var level: LogLevel? {
        switch content {
        case .record(let prefix): prefix.level
        case .message(let message): message.level
        case .other: nil
        }
    }

    var message: GuestMessage? {
        if case .message(let message) = content { message } else { nil }
    }

    /// When the kernel wrote the line, by its clock.
    var kernelMicroseconds: UInt64? {
        switch content {
        case .record(let prefix): prefix.microseconds
        case .message(let message): message.microseconds
        case .other: nil
        }
    }
}

/// Cuts the console's bytes into lines. A guest that never ends its line cannot make this grow.
public struct ConsoleLineSplitter: Sendable {
    /// Longer lines are cut: no honest line comes near.
    public static let byteCountMax = 4_096

    private var partial: [UInt8] = []
    private var isFrame = false

    public init() {}

    /// Takes bytes as they came; answers the lines they complete.
    public mutating func receive(_ bytes: [UInt8]) -> [ConsoleLine] {
        var lines: [ConsoleLine] = []
        for byte in bytes {
            if byte == ConsoleFrame.start {
                if let line = finish() { lines.append(line) }
                isFrame = true
            } else if byte == ConsoleFrame.end || partial.count == Self.byteCountMax {
                lines.append(takeLine())
            }
            // Control bytes could rewrite the terminal: only tabs pass.
            if byte >= 0x20 && byte != 0x7f || byte == UInt8(ascii: "\t") { partial.append(byte) }
        }
        return lines
    }

    /// The line under way, at the end of the stream. A frame without an end is none.
    public mutating func finish() -> ConsoleLine? {
        isFrame = false
        return partial.isEmpty ? nil : takeLine()
    }

    private mutating func takeLine() -> ConsoleLine {
        defer {
            partial.removeAll(keepingCapacity: true)
            isFrame = false
        }
        return isFrame ? ConsoleLine(frame: partial) : ConsoleLine(String(decoding: partial, as: UTF8.self))
    }
}
