import EngineFixtures
import JSON
import Law
import Testing
@testable import Serving

@Suite("The law's routes")
struct LawRoutesTests {
    private static let text = """
        {"format": 1, "version": 1, "subjects": {
          "root": {"kind": "key", "key_sha256": "ROOT", "grants": {"/law": ["read", "admin"], "/law/growth": ["read"]}},
          "user": {"kind": "key", "key_sha256": "USER", "grants": {"/model/**": ["read", "infer"]},
                   "quotas": {"tokens_per_minute": 40, "concurrent_requests": 1, "kv_pages": 8}}}}
        """

    private static func text(_ changes: (String, String)...) -> String {
        let names = [("ROOT", digest("root")), ("USER", digest("user"))]
        return (names + changes).reduce(text) { text, change in
            text.split(separator: change.0, omittingEmptySubsequences: false).joined(separator: change.1)
        }
    }

    private static func digest(_ key: String) -> String { SHA256.digest(of: Array(key.utf8).span).text }

    private func harness(_ text: String = text()) throws -> ServerHarness {
        ServerHarness(law: Law(try LawDocument(parsing: Array(text.utf8))), rule: Rule.alphabet)
    }

    private let root = ["authorization: Bearer root"]
    private let user = ["authorization: Bearer user"]

    @Test("each of the law's routes needs its own right, and leaves a record without it")
    func denials() throws {
        var harness = try harness()
        let routes = [
            ("GET", "/v1/law"), ("PUT", "/v1/law"), ("POST", "/v1/law/rollback"), ("POST", "/v1/law/check"),
            ("GET", "/v1/law/growth"), ("POST", "/v1/law/subjects/user/revoke"),
        ]
        for (method, path) in routes {
            let response = harness.request(method, path, "{}", headers: user)
            #expect(response.status == 403, "\(method) \(path)")
            #expect(harness.request(method, path, "{}").status == 401)
        }
        #expect(harness.server.withLaw { $0.growth.recordedCount } == UInt64(routes.count))
    }

    @Test("the law is read as it is in force")
    func reading() throws {
        var harness = try harness()
        let response = harness.request("GET", "/v1/law", headers: root)
        #expect(response.status == 200)
        #expect(try LawDocument(parsing: Array(response.text.utf8)) == LawDocument(parsing: Array(Self.text().utf8)))
    }

    @Test("a new law holds from the next request on; one that is none, or older, changes nothing")
    func replacing() throws {
        var harness = try harness()
        let next = Self.text((#""version": 1"#, #""version": 2"#), (#"["read", "infer"]"#, #"["infer"]"#))
        #expect(harness.request("GET", "/v1/models", headers: user).status == 200)
        let rehearsal = harness.request("PUT", "/v1/law?dry_run=1", next, headers: root)
        #expect(rehearsal.json["applied"] == false && rehearsal.json["version"] == 1)
        #expect(rehearsal.json["changes"]?[0]?["verdict"] == "denied")
        #expect(harness.request("GET", "/v1/models", headers: user).status == 200)
        let applied = harness.request("PUT", "/v1/law", next, headers: root)
        #expect(applied.json["applied"] == true && applied.json["version"] == 2)
        #expect(harness.request("GET", "/v1/models", headers: user).status == 403)
        let older = harness.request("PUT", "/v1/law", next, headers: root)
        #expect(older.status == 409)
        let broken = harness.request("PUT", "/v1/law", "{\n \"format\": 3}", headers: root)
        #expect(broken.status == 400 && broken.json["error"]?["code"] == "invalid_law")
        #expect(broken.json["error"]?["message"]?.stringValue?.hasPrefix("raw.json:2:2: format:") == true)
        #expect(harness.request("POST", "/v1/law/rollback", headers: root).json["version"] == 3)
        #expect(harness.request("GET", "/v1/models", headers: user).status == 200)
        #expect(harness.request("POST", "/v1/law/rollback", headers: root).status == 409)
    }

    @Test("a question is answered with the rules behind it")
    func checking() throws {
        var harness = try harness()
        func ask(_ body: String) -> Response {
            harness.request("POST", "/v1/law/check", body, headers: root)
        }
        let granted = ask(#"{"subject": "user", "target": "/model/default", "op": "infer"}"#)
        #expect(granted.json["verdict"] == "granted" && granted.json["granted_by"]?[0] == "/model/**")
        let denied = ask(#"{"subject": "user", "target": "/system/power", "op": "admin"}"#)
        #expect(denied.json["verdict"] == "denied" && denied.json["granted_by"]?[0] == nil)
        for (body, parameter) in [
            (#"{"target": "/a", "op": "read"}"#, "subject"), (#"{"subject": "user", "op": "read"}"#, "target"),
            (#"{"subject": "user", "target": "a", "op": "read"}"#, "target"),
            (#"{"subject": "user", "target": "/a", "op": "raed"}"#, "op"),
        ] {
            let response = ask(body)
            #expect(response.status == 400 && response.json["error"]?["param"]?.stringValue == parameter)
        }
    }

    @Test("records come as lines that verify, and only what comes after the one named")
    func growth() throws {
        var harness = try harness()
        for _ in 0..<3 { _ = harness.request("GET", "/metrics", headers: user) }
        let response = harness.request("GET", "/v1/law/growth", headers: root)
        #expect(response.headers["content-type"] == "application/x-ndjson")
        var verifier = GrowthVerifier()
        for line in response.text.split(separator: "\n") { try verifier.read(Array(line.utf8)) }
        #expect(verifier.records.count == 3 && verifier.head?.sequence == 3)
        #expect(verifier.records.allSatisfy { $0.subject == "user" && $0.target == Array("/system/metrics".utf8) })
        let rest = harness.request("GET", "/v1/law/growth?after=2", headers: root)
        #expect(rest.text.split(separator: "\n").count == 2)
        #expect(harness.server.withLaw { $0.growth.acknowledged } == 2)
        #expect(harness.request("GET", "/v1/law/growth?after=x", headers: root).status == 400)
    }

    @Test("a revoked subject's key still makes new capabilities; an unknown subject is 404")
    func revoking() throws {
        var harness = try harness()
        #expect(harness.request("POST", "/v1/law/subjects/user/revoke", headers: root).status == 200)
        #expect(harness.server.withLaw { $0.growth.records.last?.event } == .revoked)
        for name in ["nobody", "kernel"] {
            #expect(harness.request("POST", "/v1/law/subjects/\(name)/revoke", headers: root).status == 404)
        }
    }

    private let completion = #"{"prompt": "x", "max_tokens": 10, "ignore_eos": true}"#

    @Test("a quota turns a request away with its name, and a record")
    func tokens() throws {
        var harness = try harness()
        var statuses: [Int] = []
        for _ in 0..<6 { statuses.append(harness.request("POST", "/v1/completions", completion, headers: user).status) }
        #expect(statuses.first == 200 && statuses.last == 429)
        let refused = harness.request("POST", "/v1/completions", completion, headers: user)
        #expect(refused.json["error"]?["code"] == "quota_exceeded")
        #expect(refused.json["error"]?["param"] == "tokens_per_minute")
        #expect(refused.headers["retry-after"] != nil)
        #expect(harness.server.withLaw { $0.growth.records.last?.event } == .quotaExceeded)
    }

    @Test("requests in progress and pages are given back when a request ends, however it ends")
    func requests() throws {
        var harness = try harness(Self.text(("40", "100000")))
        for ending in 0..<3 {
            let first = harness.open()
            harness.send("POST", "/v1/completions", completion, headers: user, on: first)
            let refused = harness.request("POST", "/v1/completions", completion, headers: user)
            #expect(refused.status == 429 && refused.json["error"]?["param"] == "concurrent_requests")
            switch ending {
            case 0: harness.run()
            case 1: harness.server.connectionLost(first)
            default: harness.server.peerClosed(first, now: harness.now)
            }
            harness.act()
            #expect(harness.request("POST", "/v1/completions", completion, headers: user).status == 200)
        }
        let large = harness.request(
            "POST", "/v1/completions", #"{"prompt": "x", "max_tokens": 500}"#, headers: user)
        #expect(large.status == 429 && large.json["error"]?["param"] == "kv_pages")
    }

    // MARK: Following

    private func follow(_ harness: inout ServerHarness) -> ConnectionID {
        let id = harness.open()
        harness.send("GET", "/v1/law/growth?follow=1", headers: root, on: id)
        harness.run()
        return id
    }

    private func response(_ harness: borrowing ServerHarness, _ id: ConnectionID) throws -> Response {
        try #require(Response.parse(harness.received[id] ?? []).first)
    }

    @Test("whoever follows the growth bus gets each record as it is made, in one unbroken chain")
    func following() throws {
        var harness = try harness()
        _ = harness.request("GET", "/metrics", headers: user)
        let id = follow(&harness)
        var lines = try response(harness, id).text.split(separator: "\n")
        #expect(lines.count == 2)
        for number in 2...4 {
            _ = harness.request("GET", "/metrics", headers: user)
            lines = try response(harness, id).text.split(separator: "\n")
            #expect(lines.count == 2 * number)
            #expect(lines[2 * number - 2].contains("\"sequence\":\(number)"))
        }
        var verifier = GrowthVerifier()
        for line in lines { try verifier.read(Array(line.utf8)) }
        #expect(verifier.records.count == 4 && verifier.head?.sequence == 4)
        let isWhole = try response(harness, id).isWhole
        #expect(!isWhole)
    }

    @Test("following ends with the client, and with the server")
    func followingEnds() throws {
        var harness = try harness()
        let leaving = follow(&harness)
        harness.server.peerClosed(leaving, now: harness.now)
        harness.act()
        let isAborted = harness.aborted.contains(leaving)
        #expect(isAborted)
        let staying = follow(&harness)
        harness.server.beginDrain(now: harness.now)
        harness.act()
        let isWhole = try response(harness, staying).isWhole
        let isDrained = harness.server.isDrained
        #expect(isWhole && isDrained)
    }

    @Test("a follower that does not read costs no more for it, and sees by the numbers what it missed")
    func slowFollower() throws {
        var harness = try harness(Self.text((#""subjects""#, #""growth": {"records": 4}, "subjects""#)))
        let id = follow(&harness)
        harness.sleeping.insert(id)
        let asker = harness.open()
        for _ in 0..<2_000 {
            harness.send("GET", "/metrics", headers: user, on: asker)
            harness.run()
        }
        let pending = harness.received[id]?.count ?? 0
        #expect(pending < 300_000)
        harness.wake(id, pending: pending)
        harness.run()
        let lines = try response(harness, id).text.split(separator: "\n")
        #expect(lines.count < 2_000 && lines.last?.contains("2000") == true)
    }
}
