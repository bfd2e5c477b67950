import Client
import HostErrors
import JSON
import MonotonicTime

extension GuestSession {
    /// Asks the served model and hands over its answer piece by piece, as UTF-8 bytes. False when a signal asked the
    /// program to end before the answer did.
    public mutating func ask(
        _ prompt: String, tokenCountMax: Int?, onText: ([UInt8]) -> Void
    ) throws(SessionError) -> Bool {
        guard let socket = Loopback.connect(port: machine.hostPort) else {
            throw .badAnswer(BadAnswer(reason: "the server does not take connections"))
        }
        socket.write(
            HTTPRequest.chat(
                model: machine.modelName, prompt: prompt, tokenCountMax: tokenCountMax,
                apiKey: machine.apiKey))
        var response = HTTPResponseReader()
        var stream = ChatStreamReader()
        var refusal: [UInt8] = []
        while !stream.isDone {
            switch try wait(for: socket.number, until: .distantFuture) {
            case .timedOut, .announced: continue
            case .interrupted: return false
            case .readable:
                guard let bytes = socket.read() else { continue }
                let body = try failing(as: SessionError.badAnswer) { () throws(BadAnswer) in
                    try response.receive(bytes)
                }
                if response.status == 200 {
                    let text = try failing(as: SessionError.badAnswer) { () throws(BadAnswer) in
                        try stream.receive(body)
                    }
                    if !text.isEmpty { onText(text) }
                } else {
                    refusal += body
                }
                let isOver = bytes.isEmpty || response.isComplete
                if isOver && !stream.isDone { throw Self.failure(status: response.status, body: refusal) }
            }
        }
        return true
    }

    private static func failure(status: Int?, body: [UInt8]) -> SessionError {
        guard let status, status != 200 else { return .badAnswer(BadAnswer(reason: "it ends before it is complete")) }
        let message = (try? JSONValue(parsing: body))?["error"]?["message"]?.stringValue
        return .badAnswer(BadAnswer(reason: "status \(status): \(message ?? "no reason given")"))
    }
}
