import Foundation
import Testing

@testable import Model

@Suite("SmolLM2's chat template", .enabled(if: SmolLM2.isPresent, SmolLM2.missingMessage))
struct SmolLM2TemplateTests {
    private struct Case: Decodable {
        struct Message: Decodable {
            let role: String
            let content: String
        }

        let messages: [Message]
        let prompt: String
    }

    @Test("every conversation of the oracle gives the very same prompt")
    func rendersExactly() throws {
        let template = try ChatTemplate(try GGUFFile(SmolLM2.file.bytes))
        let cases = try SmolLM2.fixture("chat_template.jsonl").map {
            try JSONDecoder().decode(Case.self, from: Data($0.utf8))
        }
        #expect(cases.count >= 4)
        for item in cases {
            let messages = item.messages.map { TemplateValue.message(role: $0.role, content: $0.content) }
            let prompt = try template.render(ChatTemplate.Input(messages: messages))
            #expect(String(decoding: prompt, as: UTF8.self) == item.prompt)
        }
    }
}
