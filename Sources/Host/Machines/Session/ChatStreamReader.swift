import Client
import JSON

/// Turns the body of a streamed chat completion (server-sent events) into the text it carries.
struct ChatStreamReader {
    private var pending: [UInt8] = []
    private(set) var isDone = false

    /// Takes body bytes; answers the text they complete, as UTF-8.
    mutating func receive(_ bytes: [UInt8]) throws(BadAnswer) -> [UInt8] {
        pending += bytes
        var text: [UInt8] = []
        while let end = pending.firstIndex(of: UInt8(ascii: "\n")) {
            let line = Array(pending[..<end])
            pending.removeFirst(end + 1)
            text += try content(of: line)
        }
        return text
    }

    private mutating func content(of line: [UInt8]) throws(BadAnswer) -> [UInt8] {
        let prefix = Array("data:".utf8)
        guard line.starts(with: prefix) else { return [] }
        let data = Array(line.dropFirst(prefix.count).drop { $0 == UInt8(ascii: " ") })
        if data.starts(with: "[DONE]".utf8) {
            isDone = true
            return []
        }
        guard let event = try? JSONValue(parsing: data) else {
            throw BadAnswer(reason: "an event is not JSON: \(String(decoding: data.prefix(80), as: UTF8.self))")
        }
        if let message = event["error"]?["message"]?.stringValue { throw BadAnswer(reason: message) }
        return event["choices"]?[0]?["delta"]?["content"]?.utf8Value ?? []
    }
}
