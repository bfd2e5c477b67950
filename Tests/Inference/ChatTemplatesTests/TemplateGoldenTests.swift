import JSON
import ModelFixtures
import Testing

@testable import ChatTemplates

/// Against Python's jinja2, set up as Hugging Face does: Tests/Fixtures/templates/make.py wrote the cases.
@Suite("Chat templates render as jinja2 renders them")
struct TemplateGoldenTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let json: JSONValue
        var testDescription: String { json["name"]?.stringValue ?? "unnamed" }
    }

    static let cases: [Case] = {
        do {
            return try Fixtures.lines("templates/cases.jsonl").map { Case(json: $0) }
        } catch {
            Issue.record("cases.jsonl cannot be read: \(error)")
            return []
        }
    }()

    @Test("case", arguments: cases)
    func rendersAlike(item: Case) throws {
        let template = try ChatTemplate(source: try #require(item.json["template"]?.utf8Value))
        let messages = try #require(item.json["messages"]?.arrayValue)
        var input = ChatTemplate.Input(messages: messages.map { TemplateValue($0) })
        input.beginOfSequence = Array("<s>".utf8)
        input.endOfSequence = Array("</s>".utf8)
        for member in try #require(item.json["extra"]?.objectValue).members {
            input.variables.append((member.key.text, TemplateValue(member.value)))
        }
        // 2026-11-24T05:09:07Z
        input.time = CivilTime(secondsSinceEpoch: 1_795_496_947)
        do {
            let output = String(decoding: try template.render(input), as: UTF8.self)
            #expect(output == item.json["output"]?.stringValue)
        } catch {
            #expect(error.isRefusal && error.problem == .raised(item.json["refusal"]?.stringValue ?? ""), "\(error)")
        }
    }
}
