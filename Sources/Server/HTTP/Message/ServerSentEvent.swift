/// The framing of `text/event-stream` (HTML Standard, "Server-sent events").
public enum ServerSentEvent {
    /// The media type of a stream of events.
    public static var contentType: String { "text/event-stream" }

    /// Appends one event: each line of `data` behind its own `data: `, then an empty line. CR, LF and CRLF all end a
    /// line for the receiver, which joins the lines by LF again.
    public static func encode(data: Span<UInt8>, into output: inout [UInt8]) {
        forEachLine(of: data) { line in
            output.append(text: "data: ")
            output.append(copying: line)
            output.append(ASCII.lineFeed)
        }
        output.append(ASCII.lineFeed)
    }

    /// The number of bytes that `encode` appends.
    static func encodedCount(data: Span<UInt8>) -> Int {
        var count = 1
        forEachLine(of: data) { count += "data: ".utf8.count + $0.count + 1 }
        return count
    }

    private static func forEachLine(of data: Span<UInt8>, _ body: (Span<UInt8>) -> Void) {
        var lineStart = 0
        var index = 0
        while index < data.count {
            let byte = data[index]
            guard byte == ASCII.lineFeed || byte == ASCII.carriageReturn else { index += 1; continue }
            body(data.extracting(lineStart..<index))
            let isPair = byte == ASCII.carriageReturn && index + 1 < data.count && data[index + 1] == ASCII.lineFeed
            index += isPair ? 2 : 1
            lineStart = index
        }
        body(data.extracting(lineStart..<data.count))
    }
}
