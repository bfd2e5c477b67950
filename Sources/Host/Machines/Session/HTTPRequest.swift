import JSON

/// The requests the launcher itself makes of the server, as bytes.
enum HTTPRequest {
    /// Without a key: anybody may know whether the server lives, and a law may grant the key less than that.
    static func health() -> [UInt8] {
        head("GET /health", apiKey: nil, fields: [])
    }

    /// A streamed chat completion of one user message, greedy: the same prompt gets the same answer each time.
    static func chat(model: String, prompt: String, tokenCountMax: Int?, apiKey: String?) -> [UInt8] {
        var request: JSONObject = [
            "model": .string(JSONString(model)),
            "messages": [["role": "user", "content": .string(JSONString(prompt))]],
            "stream": true, "temperature": 0,
        ]
        if let tokenCountMax { request.set("max_tokens", to: .number(.integer(Int64(tokenCountMax)))) }
        let body = JSONValue.object(request).serialized()
        let fields = ["Content-Type: application/json", "Content-Length: \(body.count)"]
        return head("POST /v1/chat/completions", apiKey: apiKey, fields: fields) + body
    }

    private static func head(_ request: String, apiKey: String?, fields: [String]) -> [UInt8] {
        var lines = ["\(request) HTTP/1.1", "Host: 127.0.0.1", "Connection: close"]
        if let apiKey { lines.append("Authorization: Bearer \(apiKey)") }
        return Array(((lines + fields).joined(separator: "\r\n") + "\r\n\r\n").utf8)
    }
}
