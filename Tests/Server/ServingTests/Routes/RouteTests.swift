import EngineFixtures
import JSON
import Law
import Testing
@testable import Serving

@Suite("Routes")
struct RouteTests {
    @Test("health is 200 when the model is loaded, for GET and HEAD")
    func health() {
        var harness = ServerHarness(rule: Rule.alphabet)
        let response = harness.get("/health")
        #expect(response.status == 200)
        #expect(response.json == ["status": "ok"])
        let head = harness.request("HEAD", "/health")
        #expect(head.status == 200)
        #expect(head.body.isEmpty)
    }

    @Test("before the model is loaded every route that needs it says 503 and when to come back")
    func loading() {
        var harness = ServerHarness()
        let health = harness.get("/health")
        #expect(health.status == 503)
        #expect(health.headers["retry-after"] == "1")
        #expect(health.json["error"]?["message"] == "Loading model")
        for path in ["/v1/models", "/v1/models/tiny"] { #expect(harness.get(path).status == 503) }
        let bodies = [
            "/v1/chat/completions": #"{"messages": [{"role": "user", "content": "hi"}]}"#,
            "/v1/completions": #"{"prompt": "hi"}"#, "/tokenize": #"{"content": "hi"}"#,
            "/detokenize": #"{"tokens": [1]}"#,
            "/apply-template": #"{"messages": [{"role": "user", "content": "hi"}]}"#,
        ]
        for (path, body) in bodies {
            let response = harness.post(path, body)
            #expect(response.status == 503)
            #expect(response.headers["retry-after"] == "1")
        }
        #expect(harness.get("/metrics").text.contains("\nhexa_ready 0\n"))
        #expect(harness.get("/version").status == 200)
        harness.start(rule: Rule.alphabet)
        #expect(harness.get("/health").status == 200)
    }

    @Test("models are listed and looked up")
    func models() {
        var harness = ServerHarness(rule: Rule.alphabet)
        let list = harness.get("/v1/models").json
        #expect(list["object"] == "list")
        #expect(list["data"]?[0]?["id"] == "tiny")
        #expect(list["data"]?[0]?["object"] == "model")
        #expect(list["data"]?[0]?["created"] == 1_699_999_999)
        #expect(list["data"]?[0]?["owned_by"] == "hexa-os")
        #expect(harness.get("/v1/models/tiny").json == list["data"]?[0])
        let unknown = harness.get("/v1/models/gpt-9")
        #expect(unknown.status == 404)
        #expect(unknown.json["error"]?["code"] == "model_not_found")
    }

    @Test("text becomes tokens and tokens become text, in llama-server's shapes")
    func tokenizer() {
        var harness = ServerHarness(rule: Rule.alphabet)
        #expect(harness.post("/tokenize", #"{"content": "hi!"}"#).json == ["tokens": [104, 105, 33]])
        #expect(harness.post("/tokenize", #"{"prompt": "é"}"#).json == ["tokens": [195, 169]])
        #expect(harness.post("/tokenize", #"{"content": "<|im_end|>"}"#).json == ["tokens": [258]])
        #expect(
            harness.post("/tokenize", #"{"content": "<|", "parse_special": false}"#).json == ["tokens": [60, 124]])
        #expect(
            harness.post("/tokenize", #"{"content": "aé", "with_pieces": true}"#).json
                == [
                    "tokens": [
                        ["id": 97, "piece": "a"], ["id": 195, "piece": [195]], ["id": 169, "piece": [169]],
                    ]
                ])
        #expect(harness.post("/detokenize", #"{"tokens": [104, 105, 258]}"#).json == ["content": "hi<|im_end|>"])
        #expect(harness.post("/detokenize", #"{"tokens": [195]}"#).json == ["content": "\u{FFFD}"])
        #expect(harness.post("/detokenize", #"{"tokens": []}"#).json == ["content": ""])
        for body in [#"{"tokens": [260]}"#, #"{"tokens": [-1]}"#, #"{"tokens": ["a"]}"#, #"{"tokens": 1}"#, "{}"] {
            let response = harness.post("/detokenize", body)
            #expect(response.status == 400)
            #expect(response.json["error"]?["param"] == "tokens")
        }
        #expect(harness.post("/tokenize", "{}").json["error"]?["param"] == "content")
    }

    @Test("the chat template is applied on request")
    func template() {
        var harness = ServerHarness(rule: Rule.alphabet)
        let response = harness.post("/apply-template", #"{"messages": [{"role": "user", "content": "hi"}]}"#)
        #expect(response.json == ["prompt": "<|im_start|>user\nhi<|im_end|>\n<|im_start|>assistant\n"])
    }

    @Test("an unknown route is 404, a wrong method 405 with the right ones")
    func wrongRequests() {
        var harness = ServerHarness(rule: Rule.alphabet)
        for path in ["/", "/v1", "/v1/", "/v2/models", "/v1/chat", "/healthy", "/v1/models/"] {
            let response = harness.get(path)
            #expect(response.status == 404)
            #expect(response.json["error"]?["type"] == "not_found_error")
        }
        let get = harness.get("/v1/chat/completions")
        #expect(get.status == 405)
        #expect(get.headers["allow"] == "POST, OPTIONS")
        let post = harness.post("/health", "")
        #expect(post.status == 405)
        #expect(post.headers["allow"] == "GET, HEAD, OPTIONS")
        #expect(harness.request("DELETE", "/v1/models/tiny").status == 405)
        #expect(harness.request("HEAD", "/v1/completions").status == 405)
    }

    @Test("a browser may ask beforehand")
    func preflight() {
        var harness = ServerHarness(rule: Rule.alphabet)
        let response = harness.request("OPTIONS", "/v1/chat/completions", headers: ["origin: https://example.org"])
        #expect(response.status == 204)
        #expect(response.headers["access-control-allow-origin"] == "*")
        #expect(response.headers["access-control-allow-methods"] == "POST, OPTIONS")
        #expect(response.headers["access-control-allow-headers"] == "authorization, content-type")
    }

    @Test("a body that is no JSON is refused with the place of the mistake")
    func malformedJSON() {
        var harness = ServerHarness(rule: Rule.alphabet)
        for path in ["/v1/chat/completions", "/v1/completions", "/tokenize", "/detokenize", "/apply-template"] {
            let response = harness.post(path, "{\"prompt\":\n oops}")
            #expect(response.status == 400)
            #expect(response.json["error"]?["code"] == "invalid_json")
            #expect(response.json["error"]?["message"]?.stringValue?.contains("line 2, column 2") == true)
            for body in ["", "[]", "3", "null", "\u{0}", "{\"a\": 1}}"] {
                #expect(harness.post(path, body).status == 400)
            }
        }
    }

    @Test("a body that is too large is 413, HTTP that is malformed 400, and both in OpenAI's form")
    func malformedHTTP() {
        var configuration = ServerConfiguration()
        configuration.http.bodyBytesMax = 100
        var harness = ServerHarness(configuration: configuration)
        let large = harness.post("/v1/completions", String(repeating: "x", count: 101))
        #expect(large.status == 413)
        #expect(large.json["error"]?["message"] == "the request body is too large")
        let id = harness.open()
        harness.send(Array("nonsense\r\n\r\n".utf8), on: id)
        let responses = Response.parse(harness.received[id] ?? [])
        #expect(responses.map(\.status) == [400])
        #expect(responses[0].json["error"]?["type"] == "invalid_request_error")
    }

    @Test("the media type of a body does not matter")
    func mediaType() {
        var harness = ServerHarness(rule: Rule.alphabet)
        for type in ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=utf-8"] {
            let response = harness.request(
                "POST", "/tokenize", #"{"content": "a"}"#, headers: ["content-type: \(type)"])
            #expect(response.status == 200)
        }
    }

    @Test("several requests on one connection are answered in order")
    func pipelining() {
        var harness = ServerHarness(rule: Rule.alphabet)
        let id = harness.open()
        harness.send("POST", "/v1/completions", #"{"prompt": "\n", "max_tokens": 3, "temperature": 0}"#, on: id)
        harness.send("GET", "/health", on: id)
        let streamed = #"{"prompt": "\n", "max_tokens": 2, "stream": true, "temperature": 0}"#
        harness.send("POST", "/v1/completions", streamed, on: id)
        harness.send("GET", "/version", on: id)
        harness.run()
        let responses = Response.parse(harness.received[id] ?? [])
        #expect(responses.map(\.status) == [200, 200, 200, 200])
        #expect(responses[0].json["choices"]?[0]?["text"] == "abc")
        #expect(responses[1].json == ["status": "ok"])
        #expect(responses[2].events.last == "[DONE]")
        #expect(responses[3].json["version"]?.stringValue == Version.number)
        #expect(Version.fingerprint == "fp_hexa_os_" + Version.number)
    }
}
