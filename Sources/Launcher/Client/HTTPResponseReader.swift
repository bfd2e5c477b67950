/// Reads one HTTP/1.1 response as its bytes arrive. Sans-I/O; for the answers of our own server over loopback, so it
/// knows what that sends: a status line, fields, and a body that is chunked, counted, or ends with the connection.
struct HTTPResponseReader {
    /// Bytes of head, or of a chunk's size line, beyond which the answer is nonsense.
    static let lineByteCountMax = 65_536

    private enum State {
        case head
        case chunkSize
        case chunk(remaining: Int)
        case chunkEnd
        case counted(remaining: Int)
        case untilClose
        case complete
    }

    private(set) var status: Int?
    private var state = State.head
    private var pending: [UInt8] = []

    var isComplete: Bool { if case .complete = state { true } else { false } }

    /// Takes bytes; answers the body bytes among them.
    mutating func receive(_ bytes: [UInt8]) throws(LaunchError) -> [UInt8] {
        pending += bytes
        var body: [UInt8] = []
        while try step(&body) {}
        return body
    }

    /// Moves on by one part; false when more bytes are needed.
    private mutating func step(_ body: inout [UInt8]) throws(LaunchError) -> Bool {
        switch state {
        case .head:
            return try readHead()
        case .chunkSize:
            guard let line = try takeLine() else { return false }
            let digits = line.split(separator: ";", maxSplits: 1).first ?? ""
            guard let size = Int(digits, radix: 16), size >= 0 else {
                throw .badAnswer(reason: "a chunk's size is '\(line.prefix(20))'")
            }
            state = size == 0 ? .complete : .chunk(remaining: size)
        case .chunk(let remaining):
            let taken = take(upTo: remaining, into: &body)
            state = taken == remaining ? .chunkEnd : .chunk(remaining: remaining - taken)
            return taken > 0
        case .chunkEnd:
            guard try takeLine() != nil else { return false }
            state = .chunkSize
        case .counted(let remaining):
            let taken = take(upTo: remaining, into: &body)
            state = taken == remaining ? .complete : .counted(remaining: remaining - taken)
            return taken > 0
        case .untilClose:
            return take(upTo: .max, into: &body) > 0
        case .complete:
            return false
        }
        return true
    }

    private mutating func readHead() throws(LaunchError) -> Bool {
        guard let line = try takeLine() else { return false }
        guard status != nil else {
            let words = line.split(separator: " ")
            guard words.count >= 2, words[0].hasPrefix("HTTP/1."), let code = Int(words[1]) else {
                throw .badAnswer(reason: "it begins with '\(line.prefix(40))'")
            }
            status = code
            state = .head
            bodyState = .untilClose
            return true
        }
        if line.isEmpty {
            state = bodyState
            if case .counted(remaining: 0) = state { state = .complete }
            return true
        }
        let field = line.split(separator: ":", maxSplits: 1).map { $0.trimmingSpaces.lowercased() }
        guard field.count == 2 else { return true }
        if field[0] == "transfer-encoding", field[1].hasSuffix("chunked") { bodyState = .chunkSize }
        if field[0] == "content-length", let count = Int(field[1]), count >= 0 {
            bodyState = .counted(remaining: count)
        }
        return true
    }

    /// What follows the head, as its fields say.
    private var bodyState = State.untilClose

    private mutating func take(upTo count: Int, into body: inout [UInt8]) -> Int {
        let taken = min(count, pending.count)
        body += pending.prefix(taken)
        pending.removeFirst(taken)
        return taken
    }

    /// The next line without its end; nil until it is there whole.
    private mutating func takeLine() throws(LaunchError) -> String? {
        guard let end = pending.firstIndex(of: UInt8(ascii: "\n")) else {
            guard pending.count <= Self.lineByteCountMax else { throw .badAnswer(reason: "a line does not end") }
            return nil
        }
        var line = pending[..<end]
        if line.last == UInt8(ascii: "\r") { line.removeLast() }
        let text = String(decoding: line, as: UTF8.self)
        pending.removeFirst(end + 1)
        return text
    }
}

extension Substring {
    fileprivate var trimmingSpaces: Substring {
        var text = self
        while text.first == " " || text.first == "\t" { text.removeFirst() }
        while text.last == " " || text.last == "\t" { text.removeLast() }
        return text
    }
}
