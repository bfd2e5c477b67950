/// One line of a metrics page, `name{label="value",...} number`, read as strictly as the format has it, byte by byte.
struct MetricsSample: Equatable {
    let name: String
    /// As they stand between the braces.
    let labels: String
    let labelNames: [String]
    let value: String

    /// What may follow a metric's name in the names of its samples.
    static let suffixes = ["", "_bucket", "_sum", "_count"]

    init?(_ line: Substring) {
        let name = line.utf8.prefix { $0 != UInt8(ascii: "{") && $0 != UInt8(ascii: " ") }
        guard Self.isName(name) else { return nil }
        var rest = line.utf8.dropFirst(name.count)
        var labels = rest.prefix(0)
        var labelNames: [String] = []
        if rest.first == UInt8(ascii: "{") {
            rest.removeFirst()
            guard let parsed = Self.readLabels(rest) else { return nil }
            (labels, labelNames) = (rest[..<parsed.end], parsed.names)
            rest = rest[parsed.end...].dropFirst()
        }
        // A time stamp may be a third word; none of ours has one, and the reader's own is as good.
        let words = rest.split(separator: UInt8(ascii: " "))
        guard rest.first == UInt8(ascii: " "), let value = words.first, words.count <= 2, Self.isNumber(value)
        else { return nil }
        self.name = Self.text(name)
        self.labels = Self.text(labels)
        self.labelNames = labelNames
        self.value = Self.text(value)
    }

    /// Reads up to the closing brace, which is at `end`.
    private static func readLabels(_ text: Substring.UTF8View) -> (names: [String], end: String.Index)? {
        let (quote, backslash) = (UInt8(ascii: "\""), UInt8(ascii: "\\"))
        let (comma, brace) = (UInt8(ascii: ","), UInt8(ascii: "}"))
        var names: [String] = []
        var rest = text
        while rest.first != brace {
            let name = rest.prefix { $0 != UInt8(ascii: "=") }
            guard isName(name), !names.contains(Self.text(name)) else { return nil }
            rest = rest.dropFirst(name.count + 1)
            guard rest.popFirst() == quote else { return nil }
            while let byte = rest.popFirst(), byte != quote {
                guard byte == backslash else { continue }
                guard let escaped = rest.popFirst(), [quote, backslash, UInt8(ascii: "n")].contains(escaped)
                else { return nil }
            }
            names.append(Self.text(name))
            guard let next = rest.first, next == comma || next == brace else { return nil }
            if next == comma {
                rest.removeFirst()
                // The format allows a comma that nothing follows; here it would be in the way.
                if rest.first == brace { return nil }
            }
        }
        return (names, rest.startIndex)
    }

    static func isName(_ text: Substring.UTF8View) -> Bool {
        guard let first = text.first, !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else { return false }
        return text.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: ":"):
                true
            default: false
            }
        }
    }

    private static func isNumber(_ word: Substring.UTF8View) -> Bool {
        ["NaN", "+Inf", "-Inf"].contains(text(word)) || Double(text(word)) != nil
    }

    private static func text(_ bytes: Substring.UTF8View) -> String { String(Substring(bytes)) }
}
