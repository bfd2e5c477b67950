import ChatTemplates
import Engine
import EngineFixtures
import HTTP
import JSON
import Law
import ModelFormats
import MonotonicTime
@testable import Serving

/// A server over a fake model with clients that read all they get, and a clock that ticks a millisecond a step.
struct ServerHarness: ~Copyable {
    var server: Server<FakeModel>
    let journal = ModelJournal()
    var now = Instant(nanoseconds: 0)
    /// Everything each client has received.
    var received: [ConnectionID: [UInt8]] = [:]
    var finishedSending: Set<ConnectionID> = []
    var closed: Set<ConnectionID> = []
    var aborted: Set<ConnectionID> = []
    /// Clients that do not read.
    var sleeping: Set<ConnectionID> = []
    private var lastNumber: UInt64 = 0

    static let anyone = Law(clients: [.init(name: "anyone", key: [], grants: Law.clientGrants)])

    init(law: Law = ServerHarness.anyone, configuration: ServerConfiguration = ServerConfiguration()) {
        var configuration = configuration
        configuration.originUnixSeconds = 1_700_000_000
        server = Server(law: law, configuration: configuration)
    }

    /// A server that is ready, with a model that follows `rule`.
    init(
        law: Law = ServerHarness.anyone, engine: EngineConfiguration = EngineConfiguration(), contextLength: Int = 512,
        poolTokens: Int = 8_192, rule: @escaping ([TokenID]) -> TokenID
    ) {
        self.init(law: law)
        start(engine: engine, contextLength: contextLength, poolTokens: poolTokens, rule: rule)
    }

    mutating func start(
        engine: EngineConfiguration = EngineConfiguration(), contextLength: Int = 512, poolTokens: Int = 8_192,
        rule: @escaping ([TokenID]) -> TokenID
    ) {
        var model = FakeModel(journal: journal, rule: rule)
        model.contextLength = contextLength
        model.poolTokens = poolTokens
        let card = ModelCard(
            id: "tiny", created: 1_699_999_999, contextLength: contextLength, vocabularySize: FakeVocabulary.size,
            parameterCount: 42)
        server.start(
            LoadedModel(
                model: model, tokenizer: FakeVocabulary.tokenizer, template: FakeVocabulary.template, card: card,
                configuration: engine))
    }

    // MARK: Clients

    mutating func open() -> ConnectionID {
        lastNumber += 1
        let id = ConnectionID(lastNumber)
        received[id] = []
        server.connectionOpened(id, now: now)
        act()
        return id
    }

    mutating func send(_ bytes: [UInt8], on id: ConnectionID) {
        server.received(id, bytes: bytes.span, now: now)
        act()
    }

    mutating func send(
        _ method: String, _ path: String, _ body: String = "", headers: [String] = [], on id: ConnectionID
    ) {
        let lines = ["\(method) \(path) HTTP/1.1", "host: test", "content-length: \(body.utf8.count)"] + headers
        send(Array((lines.joined(separator: "\r\n") + "\r\n\r\n" + body).utf8), on: id)
    }

    mutating func wake(_ id: ConnectionID, pending: Int) {
        sleeping.remove(id)
        server.outputDrained(id, byteCount: pending, now: now)
        act()
    }

    /// Does what the server asks for.
    mutating func act() {
        while let action = server.nextAction() {
            switch action {
            case .send(let id, let bytes):
                received[id, default: []] += bytes
                if !sleeping.contains(id) { server.outputDrained(id, byteCount: bytes.count, now: now) }
            case .finishSending(let id): finishedSending.insert(id)
            case .close(let id): closed.insert(id)
            case .abort(let id): aborted.insert(id)
            }
        }
    }

    // MARK: Time

    mutating func step() -> Bool {
        now = now + .milliseconds(1)
        let isWorking = server.step(now: now)
        act()
        return isWorking
    }

    mutating func run() {
        var steps = 0
        while step() {
            steps += 1
            precondition(steps < 1_000_000, "the server does not come to rest")
        }
    }

    mutating func pass(_ interval: Interval) {
        let end = now + interval
        while server.nextDeadline <= end {
            now = max(now, server.nextDeadline)
            server.advance(to: now)
            act()
        }
        now = end
    }

    // MARK: Whole exchanges

    /// One request on a connection of its own, and its response.
    mutating func request(
        _ method: String, _ path: String, _ body: String = "", headers: [String] = []
    ) -> Response {
        let id = open()
        send(method, path, body, headers: headers, on: id)
        run()
        let responses = Response.parse(received[id] ?? [])
        precondition(responses.count == 1, "\(responses.count) responses to one request")
        return responses[0]
    }

    mutating func post(_ path: String, _ body: String) -> Response { request("POST", path, body) }
    mutating func get(_ path: String) -> Response { request("GET", path) }
}

/// A response as a client sees it.
struct Response {
    var status = 0
    var headers: [String: String] = [:]
    var body: [UInt8] = []
    /// Whether the response is complete.
    var isWhole = false

    var text: String { String(decoding: body, as: UTF8.self) }
    var json: JSONValue { (try? JSONValue(parsing: body)) ?? .null }

    /// The data of server-sent events.
    var events: [String] {
        text.split(separator: "\n\n").map { String($0.dropFirst("data: ".count)) }
    }

    /// The events but for the last, which has to be `[DONE]`.
    var chunks: [JSONValue] {
        guard events.last == "[DONE]" else { return [] }
        return events.dropLast().map { (try? JSONValue(parsing: Array($0.utf8))) ?? .null }
    }

    /// Splits what a connection has received. The last response may be incomplete.
    static func parse(_ bytes: [UInt8]) -> [Response] {
        var responses: [Response] = []
        var rest = bytes[...]
        while let headEnd = rest.firstRange(of: Array("\r\n\r\n".utf8)) {
            var response = Response()
            let lines = String(decoding: rest[..<headEnd.lowerBound], as: UTF8.self).split(separator: "\r\n")
            response.status = Int(lines[0].split(separator: " ")[1]) ?? 0
            for line in lines.dropFirst() {
                let parts = line.split(separator: ":", maxSplits: 1)
                response.headers[parts[0].lowercased()] = String(parts[1].drop { $0 == " " })
            }
            rest = rest[headEnd.upperBound...]
            response.takeBody(&rest)
            responses.append(response)
        }
        return responses
    }

    private mutating func takeBody(_ rest: inout ArraySlice<UInt8>) {
        guard headers["transfer-encoding"] == "chunked" else {
            let count = min(Int(headers["content-length"] ?? "0") ?? 0, rest.count)
            body = Array(rest.prefix(count))
            rest = rest.dropFirst(count)
            isWhole = body.count == Int(headers["content-length"] ?? "0")
            return
        }
        while let lineEnd = rest.firstRange(of: Array("\r\n".utf8)) {
            let size = Int(String(decoding: rest[..<lineEnd.lowerBound], as: UTF8.self), radix: 16) ?? 0
            rest = rest[lineEnd.upperBound...]
            guard size > 0 else { return takeTrailers(&rest) }
            body += rest.prefix(size)
            rest = rest.dropFirst(size + 2)
        }
    }
}

extension Response {
    private mutating func takeTrailers(_ rest: inout ArraySlice<UInt8>) {
        while let lineEnd = rest.firstRange(of: Array("\r\n".utf8)) {
            isWhole = lineEnd.lowerBound == rest.startIndex
            rest = rest[lineEnd.upperBound...]
            if isWhole { return }
        }
    }
}

extension FakeVocabulary {
    static let template: ChatTemplate = {
        do {
            return try ChatTemplate(source: ChatTemplate.chatML)
        } catch {
            fatalError("ChatML cannot be parsed: \(error)")
        }
    }()
}
