import EngineFixtures
import JSON
import Testing
@testable import Serving

@Suite("Refused requests")
struct RefusedRequestTests {
    private func refuse(
        _ path: String, _ body: String, parameter: String, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        var harness = ServerHarness(rule: Rule.alphabet)
        let response = harness.post(path, body)
        #expect(response.status == 400, "\(body)", sourceLocation: sourceLocation)
        #expect(response.json["error"]?["type"] == "invalid_request_error", sourceLocation: sourceLocation)
        #expect(response.json["error"]?["param"]?.stringValue == parameter, "\(body)", sourceLocation: sourceLocation)
        let message = response.json["error"]?["message"]?.stringValue ?? ""
        #expect(message.count > 10, sourceLocation: sourceLocation)
        // The next good request is answered.
        #expect(harness.get("/health").status == 200, sourceLocation: sourceLocation)
    }

    @Test(
        "name the parameter at fault",
        arguments: [
            ("max_tokens", "0"), ("max_tokens", "-1"), ("max_tokens", "1.5"), ("max_tokens", "\"3\""),
            ("max_tokens", "[]"),
            ("max_completion_tokens", "0"), ("temperature", "-0.1"), ("temperature", "2.1"), ("temperature", "\"hot\""),
            ("top_p", "1.1"), ("top_p", "-1"), ("min_p", "2"), ("top_k", "-2"), ("top_k", "0.5"), ("n", "0"),
            ("n", "129"),
            ("presence_penalty", "3"), ("frequency_penalty", "-3"), ("repetition_penalty", "0"),
            ("repeat_penalty", "99"),
            ("seed", "1.5"), ("seed", "\"x\""), ("stop", "3"), ("stop", "[1]"), ("stop", #"["a", "b", "c", "d", "e"]"#),
            ("stream", "1"), ("stream", "\"true\""), ("logit_bias", "[]"), ("logit_bias", #"{"x": 1}"#),
            ("logit_bias", #"{"1": 101}"#), ("logit_bias", #"{"1": "a"}"#), ("logit_bias", #"{"9999": 1}"#),
            ("logit_bias", #"{"99999999999999": 1}"#), ("logit_bias", #"{"": 1}"#), ("stream_options", "{}"),
        ])
    func parameters(name: String, value: String) {
        refuse(
            "/v1/chat/completions", #"{"messages": [{"role": "user", "content": "x"}], "\#(name)": \#(value)}"#,
            parameter: name)
        // Text completions alone may ask for no tokens.
        guard (name, value) != ("max_tokens", "0"), (name, value) != ("max_completion_tokens", "0") else { return }
        refuse("/v1/completions", #"{"prompt": "x", "\#(name)": \#(value)}"#, parameter: name)
    }

    @Test(
        "say which part of a chat is wrong",
        arguments: [
            ("{}", "messages"), (#"{"messages": "hi"}"#, "messages"), (#"{"messages": []}"#, "messages"),
            (#"{"messages": [3]}"#, "messages[0]"), (#"{"messages": [{}]}"#, "messages[0].role"),
            (#"{"messages": [{"role": "king", "content": "x"}]}"#, "messages[0].role"),
            (#"{"messages": [{"role": 1, "content": "x"}]}"#, "messages[0].role"),
            (#"{"messages": [{"role": "user"}]}"#, "messages[0].content"),
            (#"{"messages": [{"role": "user", "content": 3}]}"#, "messages[0].content"),
            (
                #"{"messages": [{"role": "user", "content": "x"}, {"role": "user", "content": [3]}]}"#,
                "messages[1].content[0]"
            ),
            (#"{"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}"#, "messages[0].content[0].type"),
            (#"{"messages": [{"role": "user", "content": [{"type": "text"}]}]}"#, "messages[0].content[0].text"),
        ])
    func messages(body: String, parameter: String) {
        refuse("/v1/chat/completions", body, parameter: parameter)
        refuse("/apply-template", body, parameter: parameter)
    }

    @Test(
        "say clearly what this server has not",
        arguments: [
            (#""tools": [{"type": "function", "function": {"name": "f"}}]"#, "tools"),
            (#""functions": [{"name": "f"}]"#, "functions"),
            (#""response_format": {"type": "json_object"}"#, "response_format"),
            (#""response_format": {"type": "json_schema"}"#, "response_format"), (#""audio": {}"#, "audio"),
            (#""modalities": ["text", "audio"]"#, "modalities"), (#""top_logprobs": 2"#, "top_logprobs"),
            (#""logprobs": true, "top_logprobs": 21"#, "top_logprobs"), (#""logprobs": 3"#, "logprobs"),
        ])
    func unsupported(option: String, parameter: String) {
        refuse(
            "/v1/chat/completions", #"{"messages": [{"role": "user", "content": "x"}], \#(option)}"#,
            parameter: parameter)
    }

    @Test(
        "say what is wrong with a completion",
        arguments: [
            (#""suffix": "end""#, "suffix"), (#""best_of": 3"#, "best_of"), (#""echo": "yes""#, "echo"),
            (#""logprobs": 21"#, "logprobs"), (#""logprobs": true"#, "logprobs"),
            (#""n": 65, "prompt": ["a", "b"]"#, "n"),
            (#""prompt": 3"#, "prompt"), (#""prompt": []"#, "prompt"), (#""prompt": [[]]"#, "prompt"),
            (#""prompt": ["a", 3]"#, "prompt"), (#""prompt": [1, "a"]"#, "prompt"), (#""prompt": [1.5]"#, "prompt"),
            (#""prompt": [260]"#, "prompt"), (#""prompt": [-1]"#, "prompt"), (#""prompt": [4294967296]"#, "prompt"),
            (#""prompt": [{}]"#, "prompt"),
        ])
    func completions(option: String, parameter: String) {
        refuse("/v1/completions", "{\"prompt\": \"x\", \(option)}", parameter: parameter)
    }

    @Test("leave nothing behind when one prompt of several is wrong")
    func partial() {
        var harness = ServerHarness(rule: Rule.alphabet)
        let response = harness.post("/v1/completions", #"{"prompt": [[97], [98], [999]], "n": 3}"#)
        #expect(response.status == 400)
        harness.run()
        #expect(harness.journal.passes.isEmpty)
        #expect(harness.get("/metrics").text.contains("\nhexa_queue_depth 0\n"))
    }
}
