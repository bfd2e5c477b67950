import EngineFixtures
import JSON
import Testing
@testable import Serving

@Suite("POST /v1/chat/completions")
struct ChatCompletionTests {
    private let hello = #""messages": [{"role": "user", "content": "Hello!"}]"#

    private func chat(_ reply: String, _ body: String) -> Response {
        var harness = ServerHarness(rule: Rule.script(reply))
        return harness.post("/v1/chat/completions", body)
    }

    @Test("answers in the shape of OpenAI's reference")
    func whole() {
        let response = chat("Hi there!", #"{"model": "tiny", "temperature": 0, \#(hello)}"#)
        #expect(response.status == 200)
        #expect(response.headers["content-type"] == "application/json")
        expectSame(
            response.json,
            """
            {
              "id": "*", "object": "chat.completion", "created": 1700000000, "model": "tiny",
              "system_fingerprint": "*",
              "choices": [{
                "index": 0,
                "message": {"role": "assistant", "content": "Hi there!", "refusal": null},
                "logprobs": null,
                "finish_reason": "stop"
              }],
              "usage": {"prompt_tokens": 25, "completion_tokens": 10, "total_tokens": 35,
                "prompt_tokens_details": {"cached_tokens": 0}}
            }
            """)
        #expect(response.json["id"]?.stringValue?.hasPrefix("chatcmpl-") == true)
    }

    @Test("streams chunks in the shape of OpenAI's reference, and [DONE] at the end")
    func stream() {
        let response = chat("Hé", #"{"stream": true, "temperature": 0, \#(hello)}"#)
        #expect(response.headers["content-type"] == "text/event-stream")
        #expect(response.events.last == "[DONE]")
        let deltas = [
            (#"{"role": "assistant", "content": "", "refusal": null}"#, "null"), (#"{"content": "H"}"#, "null"),
            (#"{"content": "é"}"#, "null"), ("{}", #""stop""#),
        ]
        #expect(response.chunks.count == deltas.count)
        for (chunk, (delta, finish)) in zip(response.chunks, deltas) {
            expectSame(
                chunk,
                """
                {
                  "id": "*", "object": "chat.completion.chunk", "created": 1700000000, "model": "tiny",
                  "system_fingerprint": "*",
                  "choices": [{"index": 0, "delta": \(delta), "logprobs": null, "finish_reason": \(finish)}]
                }
                """)
        }
        #expect(Set(response.chunks.map { $0["id"]?.stringValue }).count == 1)
    }

    @Test("streams the usage last when asked, and null before")
    func streamedUsage() {
        let response = chat(
            "Hi", #"{"stream": true, "stream_options": {"include_usage": true}, "temperature": 0, \#(hello)}"#)
        for chunk in response.chunks.dropLast() {
            #expect(chunk["usage"] == .null)
            #expect(chunk["choices"]?.arrayValue?.count == 1)
        }
        expectSame(
            response.chunks.last ?? .null,
            """
            {
              "id": "*", "object": "chat.completion.chunk", "created": 1700000000, "model": "tiny",
              "system_fingerprint": "*", "choices": [],
              "usage": {"prompt_tokens": 25, "completion_tokens": 3, "total_tokens": 28,
                "prompt_tokens_details": {"cached_tokens": 0}}
            }
            """)
    }

    @Test("gives log-probabilities token by token, with the likeliest others")
    func logProbabilities() {
        let options = #""logprobs": true, "top_logprobs": 2, "temperature": 0"#
        let golden = """
            {
              "content": [
                {"token": "A", "logprob": -0.463, "bytes": [65], "top_logprobs": [
                  {"token": "A", "logprob": -0.463, "bytes": [65]}, {"token": "B", "logprob": -1.463, "bytes": [66]}]},
                {"token": "bytes:\\\\xc3", "logprob": -0.463, "bytes": [195], "top_logprobs": [
                  {"token": "bytes:\\\\xc3", "logprob": -0.463, "bytes": [195]},
                  {"token": "bytes:\\\\xc4", "logprob": -1.463, "bytes": [196]}]},
                {"token": "bytes:\\\\xa9", "logprob": -0.463, "bytes": [169], "top_logprobs": [
                  {"token": "bytes:\\\\xa9", "logprob": -0.463, "bytes": [169]},
                  {"token": "bytes:\\\\xaa", "logprob": -1.463, "bytes": [170]}]}
              ],
              "refusal": null
            }
            """
        let whole = chat("Aé", "{\(options), \(hello)}")
        expectSame(whole.json["choices"]?[0]?["logprobs"] ?? .null, golden)
        let streamed = chat("Aé", "{\"stream\": true, \(options), \(hello)}")
        var entries: [JSONValue] = []
        for chunk in streamed.chunks {
            entries += chunk["choices"]?[0]?["logprobs"]?["content"]?.arrayValue ?? []
        }
        expectSame(.object(["content": .array(entries), "refusal": nil]), golden)
    }

    @Test("without top_logprobs the list of others is empty")
    func onlyLogProbabilities() {
        let response = chat("A", #"{"logprobs": true, "temperature": 0, \#(hello)}"#)
        expectSame(
            response.json["choices"]?[0]?["logprobs"] ?? .null,
            #"{"content": [{"token": "A", "logprob": -0.463, "bytes": [65], "top_logprobs": []}], "refusal": null}"#)
    }

    @Test("makes n choices, each complete, whole and streamed")
    func choices() {
        let whole = chat("ab", #"{"n": 3, "temperature": 0, \#(hello)}"#)
        #expect(whole.json["choices"]?.arrayValue?.map { $0["index"]?.intValue } == [0, 1, 2])
        #expect(whole.json["choices"]?.arrayValue?.allSatisfy { $0["message"]?["content"] == "ab" } == true)
        #expect(whole.json["usage"]?["prompt_tokens"] == 25)
        #expect(whole.json["usage"]?["completion_tokens"] == 9)
        let streamed = chat("ab", #"{"n": 3, "stream": true, "temperature": 0, \#(hello)}"#)
        for index in 0..<3 {
            let own = streamed.chunks.filter { $0["choices"]?[0]?["index"]?.intValue == index }
            let text = own.compactMap { $0["choices"]?[0]?["delta"]?["content"]?.stringValue }.joined()
            #expect(text == "ab")
            #expect(own.first?["choices"]?[0]?["delta"]?["role"] == "assistant")
            #expect(own.last?["choices"]?[0]?["finish_reason"] == "stop")
        }
    }

    @Test("stops before a stop string, given alone or in a list, without letting out a part of it")
    func stop() {
        for stop in [#""END""#, #"["x", "END"]"#, #"["", "END"]"#] {
            for stream in ["true", "false"] {
                let options = #""stop": \#(stop), "stream": \#(stream), "temperature": 0"#
                let response = chat("one END two", "{\(options), \(hello)}")
                let pieces = response.chunks.compactMap { $0["choices"]?[0]?["delta"]?["content"]?.stringValue }
                let content = response.json["choices"]?[0]?["message"]?["content"]?.stringValue ?? pieces.joined()
                #expect(content == "one ")
                let finish = (response.chunks.last ?? response.json)["choices"]?[0]?["finish_reason"]
                #expect(finish == "stop")
            }
        }
    }

    @Test("ends with length at max_tokens; max_completion_tokens comes first")
    func lengths() {
        let response = chat("abcdef", #"{"max_tokens": 3, "temperature": 0, \#(hello)}"#)
        #expect(response.json["choices"]?[0]?["finish_reason"] == "length")
        #expect(response.json["choices"]?[0]?["message"]?["content"] == "abc")
        let both = chat("abcdef", #"{"max_tokens": 5, "max_completion_tokens": 2, "temperature": 0, \#(hello)}"#)
        #expect(both.json["choices"]?[0]?["message"]?["content"] == "ab")
    }

    @Test("takes all roles, and contents in parts")
    func messages() {
        var harness = ServerHarness(rule: Rule.alphabet)
        let response = harness.post(
            "/apply-template",
            """
            {"messages": [
              {"role": "developer", "content": "D"}, {"role": "user", "content": [
                {"type": "text", "text": "one "}, {"type": "text", "text": "two"}], "name": "Ann"},
              {"role": "assistant", "content": null, "tool_calls": []},
              {"role": "tool", "content": "T", "tool_call_id": "x"}
            ]}
            """)
        #expect(
            response.json["prompt"]?.stringValue?.split(separator: "<|im_end|>\n")
                == [
                    "<|im_start|>system\nD", "<|im_start|>user\none two", "<|im_start|>assistant\n",
                    "<|im_start|>tool\nT", "<|im_start|>assistant\n",
                ])
    }

    @Test("accepts what asks for nothing special")
    func neutralParameters() {
        let neutral = #"""
            "response_format": {"type": "text"}, "tools": [], "user": "u", "stop": null, "seed": null, "logit_bias": {},
            "store": false, "metadata": {}, "modalities": ["text"], "parallel_tool_calls": true, "top_p": 1, "n": 1,
            "service_tier": "auto", "stream_options": null, "max_tokens": 2, "temperature": 0
            """#
        #expect(chat("ab", "{\(neutral), \(hello)}").status == 200)
        let unusedTools = #""tools": [{"type": "function"}], "tool_choice": "none""#
        #expect(chat("ab", "{\(unusedTools), \(hello)}").status == 200)
    }

    @Test("a prompt over the context is 400 context_length_exceeded")
    func promptTooLong() {
        let long = String(repeating: "word ", count: 200)
        let response = chat("ab", #"{"messages": [{"role": "user", "content": "\#(long)"}]}"#)
        #expect(response.status == 400)
        expectSame(
            response.json,
            """
            {"error": {"message": "*", "type": "invalid_request_error", "param": "messages",
                       "code": "context_length_exceeded"}}
            """)
        let message = response.json["error"]?["message"]?.stringValue ?? ""
        #expect(message.contains("512 tokens"))
        #expect(message.contains("1019 tokens"))
    }

    @Test("a prompt far over the context is refused without being counted to its end")
    func promptFarTooLong() {
        let long = String(repeating: "ACGTTGCA", count: 37_500)
        let response = chat("ab", #"{"messages": [{"role": "user", "content": "\#(long)"}]}"#)
        #expect(response.status == 400)
        #expect(response.json["error"]?["code"]?.stringValue == "context_length_exceeded")
        let message = response.json["error"]?["message"]?.stringValue ?? ""
        #expect(message.contains("more than 1024 tokens"))
    }
}
