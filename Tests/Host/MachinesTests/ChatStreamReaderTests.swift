import Client
import Testing

@testable import Machines

@Suite("The launcher's reader of streamed answers")
struct ChatStreamReaderTests {
    @Test("a stream of events becomes the text in it", arguments: [1, 5, 1_000])
    func events(size: Int) throws {
        let text = """
            data: {"choices":[{"delta":{"role":"assistant"}}]}

            : a comment
            data: {"choices":[{"delta":{"content":"Grüß"}}]}

            data: {"choices":[{"delta":{"content":" Gott"},"finish_reason":null}]}

            data: {"choices":[],"usage":{"total_tokens":3}}

            data: [DONE]

            """
        var reader = ChatStreamReader()
        var answer: [UInt8] = []
        let bytes = Array(text.utf8)
        for start in stride(from: 0, to: bytes.count, by: size) {
            answer += try reader.receive(Array(bytes[start..<min(start + size, bytes.count)]))
        }
        #expect(String(decoding: answer, as: UTF8.self) == "Grüß Gott")
        #expect(reader.isDone)
    }

    @Test("an error inside a stream is told in the server's words")
    func streamedError() throws {
        var reader = ChatStreamReader()
        let error = try #require(throws: BadAnswer.self) {
            _ = try reader.receive(Array(#"data: {"error":{"message":"out of memory"}}"#.utf8) + [10])
        }
        #expect(error == BadAnswer(reason: "out of memory"))
    }
}
