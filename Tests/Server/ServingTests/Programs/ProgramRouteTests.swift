import Engine
import EngineFixtures
import JSON
import Law
import Programs
import Testing
@testable import Serving

@Suite("Programs over HTTP")
struct ProgramRouteTests {
    private static let text = """
        {"format": 1, "subjects": {
          "root": {"kind": "key", "key_sha256": "\(digest("root"))",
                   "grants": {"/program": ["read"], "/program/*": ["read", "write", "exec"], "/model/**": ["infer"]}},
          "user": {"kind": "key", "key_sha256": "\(digest("user"))", "grants": {"/program/p": ["exec"]}},
          "p": {"kind": "program", "quotas": {"concurrent_requests": 2},
                "grants": {"/request": ["read", "write"], "/model/**": ["infer", "read"], "/system/*": ["append"],
                           "/kv": ["write", "append", "fork"]}},
          "bare": {"kind": "program", "grants": {}}}}
        """

    private static func digest(_ key: String) -> String { SHA256.digest(of: Array(key.utf8).span).text }

    private func harness() throws -> ServerHarness {
        ServerHarness(law: Law(try LawDocument(parsing: Array(Self.text.utf8))), rule: Rule.alphabet)
    }

    private let root = ["authorization: Bearer root"]
    private let user = ["authorization: Bearer user"]

    private func invoke(_ source: String, request: String = "", in harness: inout ServerHarness) -> Response {
        let installed = harness.request("POST", "/v1/programs/p", source, headers: root)
        #expect(installed.status == 200, "\(installed.text)")
        return harness.request("POST", "/v1/programs/p/invoke", request, headers: user)
    }

    @Test("each route needs its own right")
    func denials() throws {
        var harness = try harness()
        for (method, path) in [
            ("GET", "/v1/programs"), ("GET", "/v1/programs/p"), ("POST", "/v1/programs/p"),
            ("DELETE", "/v1/programs/p"), ("POST", "/v1/programs/bare/invoke"),
        ] {
            #expect(harness.request(method, path, "", headers: user).status == 403, "\(method) \(path)")
            #expect(harness.request(method, path, "").status == 401)
        }
        #expect(harness.server.withLaw { $0.growth.recordedCount } == 5)
    }

    @Test("a program is installed, listed, shown, replaced and removed")
    func library() throws {
        var harness = try harness()
        let source = "@law(\"infer\", \"/model/default\")\nfn main() { println(\"one\") }"
        let installed = harness.request("POST", "/v1/programs/p", source, headers: root)
        #expect(installed.status == 200 && installed.json["name"] == "p")
        #expect(installed.json["needs"]?[0]?["target"] == "/model/default")
        #expect(harness.request("GET", "/v1/programs", headers: root).json["programs"]?[0]?["name"] == "p")
        #expect(harness.request("GET", "/v1/programs/p", headers: root).status == 200)
        #expect(invoke("println(\"two\")", in: &harness).text == "two\n")
        #expect(harness.request("DELETE", "/v1/programs/p", headers: root).status == 200)
        #expect(harness.request("DELETE", "/v1/programs/p", headers: root).status == 404)
        #expect(harness.request("POST", "/v1/programs/p/invoke", headers: user).status == 404)
    }

    @Test("what cannot be installed is refused with its reason")
    func refusals() throws {
        var harness = try harness()
        let broken = harness.request("POST", "/v1/programs/p", "let = 1", headers: root)
        #expect(broken.status == 400 && broken.json["error"]?["code"] == "invalid_program")
        #expect(broken.json["error"]?["message"]?.stringValue?.contains("p.hexa:1:5") == true)
        let greedy = harness.request(
            "POST", "/v1/programs/p", "@law(\"write\", \"/fs/a\")\nfn main() { }", headers: root)
        #expect(greedy.status == 403)
        #expect(greedy.json["error"]?["message"]?.stringValue?.contains("write /fs/a") == true)
        #expect(harness.request("POST", "/v1/programs/unknown", "", headers: root).status == 403)
        #expect(harness.request("POST", "/v1/programs/a%20b", "", headers: root).status == 400)
        #expect(harness.request("POST", "/v1/programs/a/b", "", headers: root).status == 400)
        #expect(harness.request("PUT", "/v1/programs/p", "", headers: root).status == 405)
    }

    @Test("a program answers its request, with its own rights and not its caller's")
    func invoking() throws {
        var harness = try harness()
        let response = invoke("respond(request().to_upper())", request: "hello", in: &harness)
        #expect(response.status == 200 && response.text == "HELLO")
        #expect(response.headers["content-type"] == "text/plain; charset=utf-8")
        let denied = invoke("println(try { fs_read(\"/fs/a\") } catch e { e.kind })", in: &harness)
        #expect(denied.text == "EPERM\n")
        #expect(harness.server.withLaw { $0.growth.records.last?.subject } == "p")
    }

    @Test("a program without output answers 200 and nothing; one that fails first, 500 with its place")
    func endings() throws {
        var harness = try harness()
        #expect(invoke("let x = 1", in: &harness).status == 200)
        let failed = invoke("let xs = []\nprintln(xs[3])", in: &harness)
        #expect(failed.status == 500 && failed.json["error"]?["code"] == "program_failed")
        #expect(failed.json["error"]?["message"]?.stringValue?.contains("p.hexa:2") == true)
        let late = invoke("println(\"a\")\nlet xs = []\nprintln(xs[3])", in: &harness)
        #expect(late.status == 200 && late.text.hasPrefix("a\n\nerror: index: "))
    }

    @Test("infer gives the model's reply, stream its pieces, and both end at their limits")
    func inference() throws {
        var harness = try harness()
        let source = """
            let options = {"max_tokens": 100, "raw": true}
            let whole = infer(request(), options)
            let mut pieces = []
            for piece in stream(request(), options) { pieces.push(piece) }
            println(whole == pieces.join(""), whole.len() > 0, pieces.len() > 1)
            """
        #expect(invoke(source, request: "a", in: &harness).text == "true true true\n")
        let quotas = try #require(harness.server.withLaw { law in law.subject(named: "p").map { law.quotas(of: $0) } })
        #expect(quotas.concurrentRequests == 2)
        // The quota's places are given back: the third use would fail otherwise.
        #expect(invoke(source, request: "a", in: &harness).text == "true true true\n")
        let third = invoke(
            """
            let a = stream("a", {"raw": true})
            let b = stream("a", {"raw": true})
            println(try { infer("a", {"raw": true}) } catch e { e.kind })
            """, in: &harness)
        #expect(third.text == "EPERM\n")
        #expect(invoke(source, request: "a", in: &harness).text == "true true true\n")
    }

    @Test("a cache is continued as it stands, and its forks share what was computed")
    func caches() throws {
        var harness = try harness()
        let source = """
            let start = kv_open()
            kv_append(start, "abcd".repeat(40))
            let first = infer(start, {"max_tokens": 3})
            let forks = [kv_fork(start), kv_fork(start)]
            let options = {"max_tokens": 3, "raw": true}
            println(first == infer("abcd".repeat(40), options))
            for fork in forks {
                kv_append(fork, first)
                println(infer(fork, options) == infer("abcd".repeat(40) + first, options))
            }
            """
        #expect(invoke(source, in: &harness).text == "true\ntrue\ntrue\n")
        let hits = harness.server.service?.engine.statistics(at: harness.now).prefixHitTokens ?? 0
        #expect(hits > 400)
        let free = harness.server.service.map { $0.engine.statistics(at: harness.now) }
        #expect(free?.sequencePageCount == 0)
    }

    @Test("logits are the log-probabilities of all tokens; the likeliest is what sampling without heat gives")
    func scoring() throws {
        var harness = try harness()
        let response = invoke(
            """
            let tokens = tokenize("abc")
            let row = logits(tokens)
            let mut sum = 0.0
            for value in row { sum += exp(value) }
            let token = sample(row)
            let mut best = 0
            for i in 0..row.len() { if row[i] > row[best] { best = i } }
            println(abs(sum - 1.0) < 0.001, token == best)
            println(detokenize([token]) == infer("abc", {"max_tokens": 1, "raw": true}))
            println(sample(row, {"temperature": 1.0, "seed": 7}) == sample(row, {"temperature": 1.0, "seed": 7}))
            println(try { logits([]) } catch e { e.kind }, try { logits([9999999]) } catch e { e.kind })
            """, in: &harness)
        #expect(response.text == "true true\ntrue\ntrue\nvalue value\n")
    }

    @Test("requests of others are answered while a program loops for ever, and its client's leaving ends it")
    func endless() throws {
        var harness = try harness()
        _ = harness.request("POST", "/v1/programs/p", "while true { }", headers: root)
        let looping = harness.open()
        harness.send("POST", "/v1/programs/p/invoke", headers: user, on: looping)
        let other = harness.open()
        harness.send(
            "POST", "/v1/completions", #"{"prompt": "x", "max_tokens": 5}"#, headers: root, on: other)
        for _ in 0..<400 { _ = harness.step() }
        #expect(String(decoding: harness.received[other] ?? [], as: UTF8.self).contains("200 OK"))
        #expect(harness.received[looping]?.isEmpty == true)
        harness.server.peerClosed(looping, now: harness.now)
        harness.act()
        harness.run()
        #expect(harness.request("GET", "/v1/programs", headers: root).status == 200)
    }

    @Test("a completion takes a few steps in a hundred longer beside programs that loop for ever", arguments: [1, 3])
    func share(programCount: Int) throws {
        func stepsOfCompletion(beside count: Int) throws -> Int {
            var harness = try harness()
            _ = harness.request("POST", "/v1/programs/p", "while true { }", headers: root)
            for _ in 0..<count { harness.send("POST", "/v1/programs/p/invoke", headers: user, on: harness.open()) }
            let client = harness.open()
            harness.send(
                "POST", "/v1/completions", #"{"prompt": "x", "max_tokens": 100}"#, headers: root, on: client)
            var steps = 0
            while Response.parse(harness.received[client] ?? []).isEmpty {
                _ = harness.step()
                steps += 1
            }
            return steps
        }
        let alone = try stepsOfCompletion(beside: 0)
        #expect(try stepsOfCompletion(beside: programCount) <= alone * 33 / 32 + 2)
    }

    @Test("a name that is taken is kept where the client says so")
    func keeping() throws {
        var harness = try harness()
        let careful = root + ["if-none-match: *"]
        #expect(harness.request("POST", "/v1/programs/p", "println(1)", headers: careful).status == 200)
        let refused = harness.request("POST", "/v1/programs/p", "println(2)", headers: careful)
        #expect(refused.status == 412 && refused.json["error"]?["code"] == "program_exists")
        #expect(harness.request("POST", "/v1/programs/p/invoke", headers: user).text == "1\n")
    }

    @Test("arguments come with the query; how the run ended, after the answer")
    func argumentsAndOutcome() throws {
        var harness = try harness()
        _ = harness.request(
            "POST", "/v1/programs/p", "println(args())\nif args().len() > 2 { throw \"no\" }",
            headers: root)
        for (query, text, outcome) in [
            ("?arg=a%20b", "[p, a b]\n", "finished"), ("?arg=a&arg=b", "[p, a, b]\n", "failed"),
        ] {
            let id = harness.open()
            harness.send("POST", "/v1/programs/p/invoke\(query)", headers: user, on: id)
            harness.run()
            let received = String(decoding: harness.received[id] ?? [], as: UTF8.self)
            #expect(received.contains(text) && received.contains("\r\ntrailer: program-outcome\r\n"))
            #expect(received.hasSuffix("\r\n0\r\nprogram-outcome: \(outcome)\r\n\r\n"))
        }
        #expect(harness.request("POST", "/v1/programs/p/invoke?arg=%ff", headers: user).status == 400)
    }

    @Test("more runs than there is memory for are told to come back")
    func crowd() throws {
        var harness = try harness()
        _ = harness.request("POST", "/v1/programs/p", "while true { }", headers: root)
        var last = ConnectionID(0)
        for _ in 0..<5 {
            last = harness.open()
            harness.send("POST", "/v1/programs/p/invoke", headers: user, on: last)
        }
        #expect(String(decoding: harness.received[last] ?? [], as: UTF8.self).contains("429"))
    }

    @Test("what a program logs comes out line by line, named, and without control characters")
    func logging() throws {
        var harness = try harness()
        _ = invoke("log(\"one\\u{1b}[31m\\ntwo\")\neprintln(\"three\")", in: &harness)
        var lines: [String] = []
        while let line = harness.server.takeProgramLogLine() { lines.append(String(decoding: line, as: UTF8.self)) }
        #expect(lines == ["program p: one [31m", "program p: two", "program p: three"])
    }
}
