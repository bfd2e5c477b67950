/// Reads one HTTP/1.1 response as its bytes arrive. Sans-I/O; for the answers of our own server over loopback, so it
/// knows what that sends: a status line, fields, and a body that is chunked, counted, or ends with the connection.
public struct HTTPResponseReader: Sendable {
    /// Bytes of head, or of a chunk's size line, beyond which the answer is nonsense.
    public static let lineByteCountMax = 65_536
    /// Fields after a chunked body beyond which the answer is nonsense.
    public static let trailerCountMax = 64

    private enum State: Sendable {
        case head
        case chunkSize
        case chunk(remaining: Int)
        case chunkEnd
        case trailers
        case counted(remaining: Int)
        case untilClose
        case complete
    }

    public private(set) var status: Int?
    /// What a chunked body was followed by; names in lower case.
    public private(set) var trailers: [String: String] = [:]
    private var state = State.head
    private var pending: [UInt8] = []

    public init() {}

    public var isComplete: Bool { if case .complete = state { true } else { false } }

    /// Takes bytes; answers the body bytes among them.
    public mutating func receive(_ bytes: [UInt8]) throws(BadAnswer) -> [UInt8] {
        pending += bytes
        var body: [UInt8] = []
        while try step(&body) {}
        return body
    }

    /// Moves on by one part; false when more bytes are needed.
    private mutating func step(_ body: inout [UInt8]) throws(BadAnswer) -> Bool {
        switch state {
        case .head:
            return try readHead()
        case .chunkSize:
            guard let line = try takeLine() else { return false }
            let digits = line.split(separator: ";", maxSplits: 1).first ?? ""
            guard let size = Int(digits, radix: 16), size >= 0 else {
                throw BadAnswer(reason: "a chunk's size is '\(line.prefix(20))'")
            }
            state = size == 0 ? .trailers : .chunk(remaining: size)
        case .chunk(let remaining):
            let taken = take(upTo: remaining, into: &body)
            state = taken == remaining ? .chunkEnd : .chunk(remaining: remaining - taken)
            return taken > 0
        case .chunkEnd:
            guard try takeLine() != nil else { return false }
            state = .chunkSize
        case .trailers:
            guard let line = try takeLine() else { return false }
            if line.isEmpty {
                state = .complete
            } else if let (name, value) = Self.field(line) {
                guard trailers.count < Self.trailerCountMax else { throw BadAnswer(reason: "it has no end of fields") }
                trailers[name] = value
            }
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

    private mutating func readHead() throws(BadAnswer) -> Bool {
        guard let line = try takeLine() else { return false }
        guard status != nil else {
            let words = line.split(separator: " ")
            guard words.count >= 2, words[0].hasPrefix("HTTP/1."), let code = Int(words[1]) else {
                throw BadAnswer(reason: "it begins with '\(line.prefix(40))'")
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
        guard let (name, value) = Self.field(line) else { return true }
        if name == "transfer-encoding", value.lowercased().hasSuffix("chunked") { bodyState = .chunkSize }
        if name == "content-length", let count = Int(value), count >= 0 {
            bodyState = .counted(remaining: count)
        }
        return true
    }

    /// A field's name in lower case, and its value.
    private static func field(_ line: String) -> (name: String, value: String)? {
        let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map { $0.trimmingSpaces }
        return parts.count == 2 ? (parts[0].lowercased(), String(parts[1])) : nil
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
    private mutating func takeLine() throws(BadAnswer) -> String? {
        guard let end = pending.firstIndex(of: UInt8(ascii: "\n")) else {
            guard pending.count <= Self.lineByteCountMax else { throw BadAnswer(reason: "a line does not end") }
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
