import MonotonicTime

extension BootTimeline {
    /// A waterfall: one row a milestone, its bar the span since the milestone before.
    public var svg: String {
        let rows = ordered
        let total = max(rows.last?.time.seconds ?? 0, 0.001)
        let height = Drawing.top + rows.count * Drawing.rowHeight + Drawing.margin
        var lines = [
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"\(Drawing.width)\" height=\"\(height)\" "
                + "font-family=\"sans-serif\" font-size=\"11\">",
            "<text x=\"\(Drawing.margin)\" y=\"20\" font-size=\"14\">"
                + "From process start: \(Self.milliseconds(total)) ms</text>",
        ]
        var begin = 0.0
        for (index, row) in rows.enumerated() {
            let end = row.time.seconds
            let y = Drawing.top + index * Drawing.rowHeight
            let x = Drawing.barsStart + begin / total * Drawing.barsWidth
            let width = max((end - begin) / total * Drawing.barsWidth, 0.5)
            let colour = row.actor == "kernel" ? "#2b6cb0" : "#b7791f"
            lines.append(
                "<rect x=\"\(Self.tenths(x))\" y=\"\(y)\" width=\"\(Self.tenths(width))\" height=\"12\" "
                    + "fill=\"\(colour)\"/>")
            lines.append(
                "<text x=\"\(Drawing.margin)\" y=\"\(y + 10)\">\(Self.milliseconds(end)) ms "
                    + "(+\(Self.milliseconds(end - begin))) \(Self.escaped(row.text))</text>")
            begin = end
        }
        return (lines + ["</svg>", ""]).joined(separator: "\n")
    }

    private enum Drawing {
        static let width = 1_400
        static let margin = 10
        static let top = 34
        static let rowHeight = 18
        static let barsStart = 800.0
        static let barsWidth = 590.0
    }

    private static func tenths(_ value: Double) -> String { String((value * 10).rounded() / 10) }

    private static func milliseconds(_ seconds: Double) -> String { tenths(seconds * 1_000) }

    /// The kernel's texts are a guest's: they may hold anything.
    private static func escaped(_ text: String) -> String {
        var result = ""
        for character in text {
            switch character {
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "&": result += "&amp;"
            default: result.append(character)
            }
        }
        return result
    }
}
