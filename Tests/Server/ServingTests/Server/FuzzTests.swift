import Engine
import EngineFixtures
import JSON
import MonotonicTime
import TestSupport
import Testing
@testable import Serving

@Suite("Whatever a client sends")
struct FuzzTests {
    /// A good request for each route.
    private static let requests = [
        (
            "/v1/chat/completions",
            #"""
            {"messages": [{"role": "user", "content": "hi"}], "max_tokens": 3, "n": 2, "stop": ["a", "b"],
             "logprobs": true, "top_logprobs": 3, "stream": true, "stream_options": {"include_usage": true}, "seed": 5,
             "logit_bias": {"5": -3.5}, "temperature": 0.5}
            """#
        ),
        (
            "/v1/completions",
            #"""
            {"prompt": ["abc", "x"], "echo": true, "logprobs": 2, "max_tokens": 4, "best_of": 1, "top_k": 5,
             "top_p": 0.9, "min_p": 0.1, "presence_penalty": 1, "repetition_penalty": 1.1}
            """#
        ),
        ("/v1/completions", #"{"prompt": [[1, 2], [3]], "max_tokens": 2, "stop": "q", "user": null}"#),
        ("/tokenize", #"{"content": "é🦊", "with_pieces": true, "add_special": true}"#),
        ("/detokenize", #"{"tokens": [1, 2, 3]}"#),
        ("/apply-template", #"{"messages": [{"role": "user", "content": [{"type": "text", "text": "hi"}]}]}"#),
    ]
    private static let splices = [
        "null", "-1", "0", "1e400", "1e-400", "9223372036854775807", "-9223372036854775808", "18446744073709551616",
        "\"\"", "\"\\u0000\"", "\"\\ud83e\\udd8a\"", "[]", "{}", "[[[[]]]]", "true", "{\"a\": {\"b\": []}}", "0.1",
    ]

    /// Bytes changed, dropped, doubled, and values replaced by others.
    private static func mutated(_ body: String, _ generator: inout SplitMix64) -> [UInt8] {
        var bytes = Array(body.utf8)
        for _ in 0..<Int.random(in: 1...4, using: &generator) where !bytes.isEmpty {
            let place = Int.random(in: 0..<bytes.count, using: &generator)
            switch Int.random(in: 0..<5, using: &generator) {
            case 0: bytes[place] = UInt8.random(in: 0...255, using: &generator)
            case 1: bytes.remove(at: place)
            case 2: bytes.removeSubrange(place..<min(bytes.count, place + 9))
            case 3: bytes.insert(contentsOf: bytes[place..<min(bytes.count, place + 9)], at: place)
            default:
                guard let colon = bytes[place...].firstIndex(of: UInt8(ascii: ":")) else { continue }
                let end = bytes[colon...].firstIndex { $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: "}") }
                let splice = splices.randomElement(using: &generator)!
                bytes.replaceSubrange((colon + 1)..<(end ?? bytes.count), with: splice.utf8)
            }
        }
        return bytes
    }

    @Test("mutated bodies are answered with 200 or a well-formed 4xx, and the server stays well")
    func bodies() {
        var generator = SplitMix64(seed: 4_711)
        var harness = ServerHarness(rule: Rule.alphabet)
        var statuses: [Int: Int] = [:]
        for _ in 0..<3_000 {
            let (path, good) = Self.requests.randomElement(using: &generator)!
            let body = Self.mutated(good, &generator)
            let id = harness.open()
            harness.send(
                Array("POST \(path) HTTP/1.1\r\nhost: x\r\ncontent-length: \(body.count)\r\n\r\n".utf8) + body, on: id)
            harness.run()
            let response = Response.parse(harness.received[id] ?? []).first
            #expect(response?.isWhole == true)
            let status = response?.status ?? 0
            statuses[status, default: 0] += 1
            #expect(status == 200 || (400..<500).contains(status), "\(String(decoding: body, as: UTF8.self))")
            if status >= 400 { #expect(response?.json["error"]?["message"]?.stringValue != nil) }
            harness.received[id] = nil
            harness.server.connectionLost(id)
        }
        #expect(statuses[200, default: 0] > 200)
        #expect(statuses[400, default: 0] > 200)
        #expect(harness.journal.violations.isEmpty)
        #expect(harness.journal.sequences.isEmpty)
    }

    @Test("random bytes, cut anywhere, with clients that come and go, never trap and leave nothing behind")
    func bytes() {
        var generator = SplitMix64(seed: 99)
        var engine = EngineConfiguration()
        engine.waitingMax = 8
        engine.runningMax = 3
        engine.replyReservationTokens = 4
        var harness = ServerHarness(engine: engine, poolTokens: 300, rule: Rule.alphabet)
        var open: [ConnectionID] = []
        for _ in 0..<4_000 {
            switch Int.random(in: 0..<12, using: &generator) {
            case 0, 1: open.append(harness.open())
            case 2:
                guard let index = open.indices.randomElement(using: &generator) else { continue }
                harness.server.connectionLost(open.remove(at: index))
            case 3:
                guard let id = open.randomElement(using: &generator) else { continue }
                harness.server.peerClosed(id, now: harness.now)
            case 4:
                guard let id = open.randomElement(using: &generator) else { continue }
                harness.send((0..<20).map { _ in UInt8.random(in: 0...255, using: &generator) }, on: id)
            case 5, 6, 7:
                guard let id = open.randomElement(using: &generator) else { continue }
                let (path, body) = Self.requests.randomElement(using: &generator)!
                let head = "POST \(path) HTTP/1.1\r\nhost: x\r\ncontent-length: \(body.utf8.count)\r\n\r\n"
                let request = Array((head + body).utf8)
                let cut = Int.random(in: 0...request.count, using: &generator)
                harness.send(Array(request[..<cut]), on: id)
                if Bool.random(using: &generator) { harness.send(Array(request[cut...]), on: id) }
            case 8: harness.pass(.milliseconds(UInt64.random(in: 0...5_000, using: &generator)))
            default: for _ in 0..<10 { _ = harness.step() }
            }
            harness.act()
        }
        for id in open { harness.server.connectionLost(id) }
        harness.run()
        #expect(harness.journal.violations.isEmpty)
        #expect(harness.journal.sequences.isEmpty)
        #expect(harness.post("/v1/completions", #"{"prompt": "\n", "max_tokens": 2, "temperature": 0}"#).status == 200)
    }
}
