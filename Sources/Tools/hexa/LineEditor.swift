import Foundation

/// Edits one line on the terminal: arrows move in it and through the lines typed before.
///
/// Every character is taken to be one column wide, and a line to fit the terminal's width.
struct LineEditor {
    private let prompt: String
    private let history: [String]
    private var line: [Character] = []
    private var cursor = 0
    /// Which line of the history is shown; its count is the new line.
    private var shown: Int
    /// The new line, while one of the history is shown.
    private var draft: [Character] = []

    enum Input: Equatable {
        case line(String)
        /// Ctrl-C: what has been typed is not wanted.
        case dropped
        case end
    }

    /// The next line of the standard input. What is not a terminal is read as it comes.
    static func read(prompt: String, history: [String]) -> Input {
        var settings = termios()
        guard Console.isInteractive, tcgetattr(0, &settings) == 0 else {
            return readLine(strippingNewline: true).map { .line($0) } ?? .end
        }
        var before = settings
        settings.c_lflag &= ~tcflag_t(ICANON | ECHO | ISIG)
        tcsetattr(0, TCSADRAIN, &settings)
        defer { tcsetattr(0, TCSADRAIN, &before) }
        var editor = LineEditor(prompt: prompt, history: history)
        return editor.run()
    }

    private init(prompt: String, history: [String]) {
        self.prompt = prompt
        self.history = history
        shown = history.count
    }

    private mutating func run() -> Input {
        draw()
        while true {
            guard let byte = Self.readByte() else { return .end }
            if let input = take(byte) {
                Console.write("\n")
                return input
            }
            draw()
        }
    }

    private mutating func take(_ byte: UInt8) -> Input? {
        switch byte {
        case 10, 13: return .line(String(line))
        case control("C"): return .dropped
        case control("D"):
            if line.isEmpty { return .end }
            delete(at: cursor)
        case control("A"): cursor = 0
        case control("E"): cursor = line.count
        case control("K"): line.removeLast(line.count - cursor)
        case control("U"):
            line.removeFirst(cursor)
            cursor = 0
        case control("P"): show(shown - 1)
        case control("N"): show(shown + 1)
        case control("H"), 127:
            if cursor > 0 {
                cursor -= 1
                delete(at: cursor)
            }
        case 27: takeEscape()
        case 32...: insert(byte)
        default: break
        }
        return nil
    }

    private func control(_ letter: Unicode.Scalar) -> UInt8 { UInt8(letter.value) & 0x1F }

    /// ECMA-48 sequences of the keys that have a meaning here.
    private mutating func takeEscape() {
        guard let kind = Self.readByte(), kind == UInt8(ascii: "[") || kind == UInt8(ascii: "O") else { return }
        guard let key = Self.readByte() else { return }
        switch key {
        case UInt8(ascii: "A"): show(shown - 1)
        case UInt8(ascii: "B"): show(shown + 1)
        case UInt8(ascii: "C"): cursor = min(cursor + 1, line.count)
        case UInt8(ascii: "D"): cursor = max(cursor - 1, 0)
        case UInt8(ascii: "H"): cursor = 0
        case UInt8(ascii: "F"): cursor = line.count
        case UInt8(ascii: "3"):
            if Self.readByte() == UInt8(ascii: "~") { delete(at: cursor) }
        default: break
        }
    }

    private mutating func show(_ index: Int) {
        guard 0...history.count ~= index, index != shown else { return }
        if shown == history.count { draft = line }
        shown = index
        line = index == history.count ? draft : Array(history[index])
        cursor = line.count
    }

    private mutating func delete(at index: Int) {
        if index < line.count { line.remove(at: index) }
    }

    /// A character from its first byte of UTF-8 on.
    private mutating func insert(_ first: UInt8) {
        var bytes = [first]
        while bytes.count < (first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : first >= 0xC0 ? 2 : 1) {
            guard let next = Self.readByte() else { break }
            bytes.append(next)
        }
        for character in String(decoding: bytes, as: UTF8.self) {
            line.insert(character, at: cursor)
            cursor += 1
        }
    }

    private func draw() {
        let back = line.count - cursor
        Console.write("\r\u{1B}[K" + prompt + String(line) + (back > 0 ? "\u{1B}[\(back)D" : ""))
    }

    private static func readByte() -> UInt8? {
        var byte: UInt8 = 0
        while true {
            let count = Foundation.read(0, &byte, 1)
            if count == 1 { return byte }
            guard count < 0, errno == EINTR else { return nil }
        }
    }
}
