/// The latest lines of a log, within a bound.
struct LogRing {
    private(set) var lines: [String] = []
    private let lineCountMax: Int

    init(lineCountMax: Int) { self.lineCountMax = lineCountMax }

    mutating func append(_ line: String) {
        lines.append(line)
        // Rarely and by half, so that a line costs the same whether the log is full or not.
        if lines.count >= 2 * lineCountMax { lines.removeFirst(lines.count - lineCountMax) }
    }

    var latest: ArraySlice<String> { lines.suffix(lineCountMax) }
}
