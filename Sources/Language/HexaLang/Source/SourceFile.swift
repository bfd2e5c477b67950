import HexaBytecode

/// A source file as it was read, with the starts of its lines.
public final class SourceFile: Sendable {
    /// What diagnostics call it: the path as given.
    public let name: [UInt8]
    public let bytes: [UInt8]
    private let lineStarts: [Int]

    public init(name: [UInt8], bytes: [UInt8]) {
        self.name = name
        self.bytes = bytes
        var starts = [0]
        for (offset, byte) in bytes.enumerated() where byte == 10 { starts.append(offset + 1) }
        lineStarts = starts
    }

    public convenience init(name: String, text: String) {
        self.init(name: Array(name.utf8), bytes: Array(text.utf8))
    }

    /// Line and column of a byte offset, both from 1; columns count characters.
    public func position(of offset: Int) -> SourcePosition {
        let index = lineIndex(of: offset)
        var column: UInt32 = 1
        for byte in bytes[lineStarts[index]..<min(offset, bytes.count)] where byte & 0xC0 != 0x80 { column += 1 }
        return SourcePosition(line: UInt32(index + 1), column: column)
    }

    private func lineIndex(of offset: Int) -> Int {
        var low = 0, high = lineStarts.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if lineStarts[middle] <= offset { low = middle } else { high = middle }
        }
        return low
    }

    /// The text of a line (from 1), without its end.
    public func line(_ number: Int) -> ArraySlice<UInt8> {
        guard number >= 1, number <= lineStarts.count else { return [] }
        let start = lineStarts[number - 1]
        var end = number < lineStarts.count ? lineStarts[number] - 1 : bytes.count
        if end > start, bytes[end - 1] == 13 { end -= 1 }
        return bytes[start..<end]
    }
}

/// Bytes of a file, from `start` up to `end`.
public struct SourceRange: Equatable, Sendable {
    public var start: Int
    public var end: Int

    public init(_ start: Int, _ end: Int) {
        self.start = start
        self.end = end
    }

    func to(_ other: SourceRange) -> SourceRange { SourceRange(start, max(end, other.end)) }
}
