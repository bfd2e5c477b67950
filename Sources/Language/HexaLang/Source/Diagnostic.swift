import HexaBytecode

/// One thing to tell the programmer about a place in a file.
public struct Diagnostic: Error {
    public enum Severity: Sendable { case error, warning }

    public var severity: Severity
    public var message: String
    /// What would help: the nearest name, what was expected.
    public var hint: String?
    public var file: SourceFile
    public var range: SourceRange

    public init(
        _ message: String, in file: SourceFile, at range: SourceRange, hint: String? = nil, severity: Severity = .error
    ) {
        self.message = message
        self.file = file
        self.range = range
        self.hint = hint
        self.severity = severity
    }

    public var position: SourcePosition { file.position(of: range.start) }

    /// `file:line:column: error: message`, the line, a caret under the place, the hint.
    public func rendered() -> String {
        let position = position
        let severityName = severity == .error ? "error" : "warning"
        return Diagnostic.render(
            file: file.name, position: position, label: severityName, message: message,
            line: file.line(Int(position.line)), width: max(range.end - range.start, 1), hint: hint
        )
    }

    /// The same layout for errors at run time, whose source may or may not be at hand.
    public static func render(
        file: [UInt8], position: SourcePosition, label: String, message: String, line: ArraySlice<UInt8>, width: Int,
        hint: String?
    ) -> String {
        var text = String(decoding: file, as: UTF8.self)
        text += ":\(position.line):\(position.column): \(label): \(message)\n"
        if !line.isEmpty {
            let number = "\(position.line)"
            let source = visible(line)
            text += "  \(number) | \(source)\n"
            for _ in 0..<number.utf8.count + 2 { text += " " }
            text += " | "
            // Tabs stay tabs, so that the caret stands under its character.
            var column: UInt32 = 1
            for scalar in source.unicodeScalars {
                guard column < position.column else { break }
                text += scalar == "\t" ? "\t" : " "
                column += 1
            }
            let remaining = max(source.unicodeScalars.count - Int(position.column) + 1, 1)
            for _ in 0..<min(width, remaining) { text += "^" }
            text += "\n"
        }
        if let hint { text += "  hint: \(hint)\n" }
        return text
    }

    /// The line without what would command the terminal: a file may hold anything.
    private static func visible(_ line: ArraySlice<UInt8>) -> String {
        var text = ""
        for scalar in String(decoding: line, as: UTF8.self).unicodeScalars {
            let isControl = scalar != "\t" && (scalar.value < 0x20 || 0x7F...0x9F ~= scalar.value)
            text.unicodeScalars.append(isControl ? "\u{FFFD}" : scalar)
        }
        return text
    }
}

/// What a compilation came to nothing for: at least one error.
public struct CompileError: Error {
    public var diagnostics: [Diagnostic]

    public init(_ diagnostics: [Diagnostic]) { self.diagnostics = diagnostics }

    public func rendered() -> String {
        var text = ""
        for diagnostic in diagnostics { text += diagnostic.rendered() }
        return text
    }
}
