import ChatTemplates

/// A template that parses must render any conversation, or say why not, within its bounds.
func fuzzTemplate(_ source: [UInt8]) {
    guard let template = try? ChatTemplate(source: source) else { return }
    var input = ChatTemplate.Input(messages: [
        TemplateValue.message(role: "system", content: "Be terse."),
        TemplateValue.message(role: "user", content: "{{ messages }} \u{1F98A}"),
        TemplateValue.message(role: "assistant", content: ""),
    ])
    input.beginOfSequence = Array("<s>".utf8)
    input.endOfSequence = Array("</s>".utf8)
    guard let text = try? template.render(input) else { return }
    precondition(text.count <= TemplateLimits.stringByteCountMax, "the rendering is longer than its bound")
}
