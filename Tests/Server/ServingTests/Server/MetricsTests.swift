import Engine
import EngineFixtures
import MonotonicTime
import Testing
@testable import Serving

@Suite("GET /metrics")
struct MetricsTests {
    @Test("counts requests, tokens and times in Prometheus' text format")
    func text() {
        var harness = ServerHarness(rule: Rule.alphabet)
        for _ in 0..<3 { _ = harness.post("/v1/completions", #"{"prompt": "abc", "max_tokens": 5, "temperature": 0}"#) }
        _ = harness.get("/nowhere")
        let response = harness.get("/metrics")
        #expect(response.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8")
        let lines = Set(response.text.split(separator: "\n").map(String.init))
        for line in [
            "hexa_ready 1", "hexa_prompt_tokens_total 9", "hexa_generated_tokens_total 15", "hexa_queue_depth 0",
            "hexa_running_sequences 0", "hexa_kv_tokens_reserved 0", "hexa_generations_finished_total 3",
            #"hexa_http_requests_total{route="/v1/completions",status="200"} 3"#,
            #"hexa_http_requests_total{route="other",status="404"} 1"#,
            "# TYPE hexa_time_to_first_token_seconds histogram", "hexa_time_to_first_token_seconds_count 3",
            "hexa_time_between_tokens_seconds_count 12", "hexa_time_to_last_token_seconds_count 3",
            #"hexa_time_to_first_token_seconds_bucket{le="+Inf"} 3"#, "hexa_connections_total 5",
        ] {
            #expect(lines.contains(line), "\(line) is missing")
        }
    }

    @Test("every line is a comment or a sample with a name and a number, and every metric is described once")
    func grammar() {
        var harness = ServerHarness(rule: Rule.alphabet)
        _ = harness.post("/v1/completions", #"{"prompt": "abc", "max_tokens": 5}"#)
        let text = harness.get("/metrics").text
        #expect(text.hasSuffix("\n"))
        var described: Set<Substring> = []
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ")
            if words[0] == "#" {
                #expect(words[1] == "HELP" || words[1] == "TYPE")
                if words[1] == "TYPE" { #expect(described.insert(words[2]).inserted) }
                continue
            }
            #expect(words.count == 2)
            #expect(Double(words[1]) != nil)
            let name = words[0].split(separator: "{")[0]
            let base = described.contains(name) || described.contains { name.hasPrefix($0 + "_") }
            #expect(base, "\(name) is not described")
        }
    }

    @Test("a histogram's buckets are cumulative and its bounds inclusive")
    func histogram() {
        var histogram = Histogram(boundsMilliseconds: [10, 100])
        for milliseconds: UInt64 in [1, 10, 11, 100, 101, 5_000] { histogram.observe(.milliseconds(milliseconds)) }
        var text = PrometheusText()
        text.histogram("x", "Help.", histogram)
        #expect(
            String(decoding: text.bytes, as: UTF8.self) == """
                # HELP x Help.
                # TYPE x histogram
                x_bucket{le="0.01"} 2
                x_bucket{le="0.1"} 4
                x_bucket{le="+Inf"} 6
                x_sum 5.223
                x_count 6

                """)
    }
}
