import Foundation
import JSON
import ModelFixtures
import ModelFormats
import Testing

@testable import ChatTemplates

@Suite("SmolLM2's chat template", .enabled(if: SmolLM2.isPresent, SmolLM2.missingMessage))
struct SmolLM2TemplateTests {
    @Test("every conversation of the oracle gives the very same prompt")
    func rendersExactly() throws {
        let template = try ChatTemplate(
            stated: try ModelContainer(SmolLM2.file.bytes)[ChatTemplate.metadataKey]?.string)
        let cases = try Fixtures.lines("smollm2/chat_template.jsonl")
        #expect(cases.count >= 4)
        for item in cases {
            let messages = try #require(item["messages"]?.arrayValue).map { TemplateValue($0) }
            let prompt = try template.render(ChatTemplate.Input(messages: messages))
            #expect(String(decoding: prompt, as: UTF8.self) == item["prompt"]?.stringValue)
        }
    }
}
