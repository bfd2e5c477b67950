import EngineFixtures
import JSON
import Testing
@testable import Serving

@Suite("POST /v1/completions")
struct CompletionTests {
    private func complete(_ body: String, rule: @escaping ([Int32]) -> Int32 = Rule.alphabet) -> Response {
        var harness = ServerHarness(rule: rule)
        return harness.post("/v1/completions", body)
    }

    private func texts(_ response: Response) -> [String?] {
        (response.json["choices"]?.arrayValue ?? []).map { $0["text"]?.stringValue }
    }

    @Test("answers in the shape of OpenAI's reference, with 16 tokens unless told otherwise")
    func whole() {
        let response = complete(#"{"model": "tiny", "prompt": "\n", "temperature": 0}"#)
        expectSame(
            response.json,
            """
            {
              "id": "*", "object": "text_completion", "created": 1700000000, "model": "tiny",
              "system_fingerprint": "*",
              "choices": [{"text": "abcdefghijklmnop", "index": 0, "logprobs": null, "finish_reason": "length"}],
              "usage": {"prompt_tokens": 1, "completion_tokens": 16, "total_tokens": 17,
                "prompt_tokens_details": {"cached_tokens": 0}}
            }
            """)
        #expect(response.json["id"]?.stringValue?.hasPrefix("cmpl-") == true)
    }

    @Test("streams chunks in the shape of OpenAI's reference")
    func stream() {
        let options = #""stream": true, "stream_options": {"include_usage": true}, "temperature": 0"#
        let response = complete(#"{"prompt": "\n", "max_tokens": 2, \#(options)}"#)
        #expect(response.chunks.count == 3)
        for (chunk, (text, finish)) in zip(response.chunks, [("a", "null"), ("b", #""length""#)]) {
            expectSame(
                chunk,
                """
                {
                  "id": "*", "object": "text_completion", "created": 1700000000, "model": "tiny",
                  "system_fingerprint": "*", "usage": null,
                  "choices": [{"text": "\(text)", "index": 0, "logprobs": null, "finish_reason": \(finish)}]
                }
                """)
        }
        #expect(response.chunks.last?["usage"]?["total_tokens"] == 3)
        #expect(response.chunks.last?["choices"] == [])
    }

    @Test("takes a string, strings, tokens, or arrays of tokens")
    func prompts() {
        let rest = #""max_tokens": 2, "temperature": 0"#
        #expect(texts(complete(#"{"prompt": "abc", \#(rest)}"#)) == ["de"])
        #expect(texts(complete(#"{"prompt": ["abc", "x"], \#(rest)}"#)) == ["de", "yz"])
        #expect(texts(complete(#"{"prompt": [97, 98], \#(rest)}"#)) == ["cd"])
        #expect(texts(complete(#"{"prompt": [[97], [107, 108]], \#(rest)}"#)) == ["bc", "mn"])
        let several = complete(#"{"prompt": ["abc", "x"], "n": 2, \#(rest)}"#)
        #expect(texts(several) == ["de", "de", "yz", "yz"])
        #expect(several.json["choices"]?.arrayValue?.map { $0["index"]?.intValue } == [0, 1, 2, 3])
        #expect(several.json["usage"]?["prompt_tokens"] == 4)
    }

    @Test("without a prompt a document begins")
    func emptyPrompt() {
        for prompt in [#""prompt": "","#, ""] {
            let response = complete(#"{\#(prompt) "max_tokens": 2, "temperature": 0}"#)
            #expect(texts(response) == ["ab"])
            #expect(response.json["usage"]?["prompt_tokens"] == 1)
        }
    }

    @Test("echoes the prompt before the continuation, whole and streamed")
    func echo() {
        let echoed = complete(#"{"prompt": "fox abc", "echo": true, "max_tokens": 2, "temperature": 0}"#)
        #expect(texts(echoed) == ["fox abcde"])
        #expect(texts(complete(#"{"prompt": "abc", "echo": true, "max_tokens": 0}"#)) == ["abc"])
        #expect(texts(complete(#"{"prompt": [97, 98], "echo": true, "max_tokens": 0}"#)) == ["ab"])
        let streamed = complete(#"{"prompt": "abc", "echo": true, "max_tokens": 2, "stream": true, "temperature": 0}"#)
        #expect(streamed.chunks.compactMap { $0["choices"]?[0]?["text"]?.stringValue } == ["abcd", "e"])
    }

    @Test("gives log-probabilities in four parallel arrays; the chosen token is always among the likeliest")
    func logProbabilities() {
        let response = complete(#"{"prompt": "\n", "max_tokens": 2, "logprobs": 2, "temperature": 0}"#)
        expectSame(
            response.json["choices"]?[0]?["logprobs"] ?? .null,
            """
            {
              "tokens": ["a", "b"], "token_logprobs": [-0.463, -0.463],
              "top_logprobs": [{"a": -0.463, "b": -1.463}, {"b": -0.463, "c": -1.463}],
              "text_offset": [0, 1]
            }
            """)
        let biased = complete(
            #"{"prompt": "\n", "max_tokens": 1, "logprobs": 1, "temperature": 0, "logit_bias": {"122": 100}}"#)
        expectSame(
            biased.json["choices"]?[0]?["logprobs"] ?? .null,
            """
            {"tokens": ["z"], "token_logprobs": [-8.463], "top_logprobs": [{"a": -0.463, "z": -8.463}],
             "text_offset": [0]}
            """)
        let none = complete(#"{"prompt": "\n", "max_tokens": 1, "logprobs": 0, "temperature": 0}"#)
        #expect(none.json["choices"]?[0]?["logprobs"]?["top_logprobs"] == .null)
    }

    @Test("scores the prompt when it is echoed: the first token has no log-probability")
    func scoredPrompt() {
        let response = complete(#"{"prompt": "xéa", "echo": true, "logprobs": 1, "max_tokens": 1, "temperature": 0}"#)
        expectSame(
            response.json["choices"]?[0]?["logprobs"] ?? .null,
            """
            {
              "tokens": ["x", "bytes:\\\\xc3", "bytes:\\\\xa9", "a", "b"],
              "token_logprobs": [null, -8.463, -8.463, -0.463, -0.463],
              "top_logprobs": [null, {"y": -0.463, "bytes:\\\\xc3": -8.463}, {"a": -0.463, "bytes:\\\\xa9": -8.463},
                               {"a": -0.463}, {"b": -0.463}],
              "text_offset": [0, 1, 2, 2, 3]
            }
            """)
    }

    @Test("scores long prompts in every chunk, and prompts of one token, without generating")
    func scoringOnly() {
        for count in [1, 2, 15, 16, 17, 100] {
            let prompt = String(String(repeating: "abcdefghijklmnopqrstuvwxyz", count: 4).prefix(count))
            let response = complete(#"{"prompt": "\#(prompt)", "echo": true, "logprobs": 0, "max_tokens": 0}"#)
            let scores = response.json["choices"]?[0]?["logprobs"]?["token_logprobs"]?.arrayValue ?? []
            #expect(scores.count == count)
            #expect(scores.first == .null)
            #expect(scores.dropFirst().allSatisfy { abs(($0.doubleValue ?? 0) + 0.463) < 1e-3 })
            #expect(response.json["choices"]?[0]?["text"]?.stringValue == prompt)
            #expect(response.json["choices"]?[0]?["finish_reason"] == "length")
            #expect(response.json["usage"]?["completion_tokens"] == 0)
        }
    }

    @Test("the same seed gives the same texts, another seed others; choices differ from each other")
    func seeds() {
        func sampled(_ seed: Int) -> [String?] {
            texts(complete(#"{"prompt": "\n", "max_tokens": 24, "n": 2, "temperature": 1, "seed": \#(seed)}"#))
        }
        #expect(sampled(7) == sampled(7))
        #expect(sampled(-7) == sampled(-7))
        #expect(sampled(7) != sampled(8))
        #expect(sampled(7)[0] != sampled(7)[1])
    }

    @Test("logit_bias and top_k steer the choice")
    func steering() {
        let biased = complete(#"{"prompt": "\n", "max_tokens": 3, "temperature": 0, "logit_bias": {"97": -100}}"#)
        #expect(texts(biased) == ["bcd"])
        #expect(texts(complete(#"{"prompt": "\n", "max_tokens": 3, "top_k": 1}"#)) == ["abc"])
        #expect(texts(complete(#"{"prompt": "\n", "max_tokens": 3, "top_p": 0}"#)) == ["abc"])
        #expect(texts(complete(#"{"prompt": "\n", "max_tokens": 3, "min_p": 0.9, "top_k": -1}"#)) == ["abc"])
        let penalized = complete(
            #"{"prompt": "\n", "max_tokens": 2, "temperature": 0, "frequency_penalty": 2, "presence_penalty": 2}"#,
            rule: { _ in 97 })
        #expect(texts(penalized) == ["ab"])
    }

    @Test("stops at a stop string and at the model's own end")
    func stop() {
        let own = complete(#"{"prompt": "\n", "max_tokens": 9, "temperature": 0}"#, rule: Rule.script("ok"))
        #expect(own.json["choices"]?[0]?["finish_reason"] == "stop")
        #expect(texts(own) == ["ok"])
        let stopped = complete(#"{"prompt": "\n", "max_tokens": 9, "temperature": 0, "stop": ["ef"], "logprobs": 0}"#)
        #expect(texts(stopped) == ["abcd"])
        #expect(stopped.json["choices"]?[0]?["finish_reason"] == "stop")
        #expect(stopped.json["choices"]?[0]?["logprobs"]?["tokens"] == ["a", "b", "c", "d"])
        let ignored = complete(
            #"{"prompt": "\n", "max_tokens": 4, "temperature": 0, "ignore_eos": true}"#, rule: Rule.script("ok"))
        #expect(ignored.json["usage"]?["completion_tokens"] == 4)
    }
}
