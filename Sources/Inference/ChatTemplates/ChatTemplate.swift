/// A model's chat template: how a conversation is written out as one text, in the part of Jinja that public templates
/// use. Parsed once, rendered for every request; every rendering is bounded (`TemplateLimits`).
///
/// Whitespace goes as in Hugging Face's renderer (`trim_blocks` and `lstrip_blocks` set).
public struct ChatTemplate: Sendable {
    private let body: [TemplateStatement]
    private let macros: [TemplateMacro]

    /// Parses a template.
    public init(source: [UInt8]) throws(TemplateError) {
        var parser = TemplateParser(try TemplateLexer.tokens(of: source))
        body = try parser.parse()
        macros = parser.macros
    }

    public init(source: String) throws(TemplateError) {
        try self.init(source: [UInt8](source.utf8))
    }

    /// The metadata of a model file that holds its template.
    public static var metadataKey: String { "tokenizer.chat_template" }

    /// The template that a model file states, or ChatML, which most instruction-tuned models understand, if it has
    /// none.
    public init(stated source: String?) throws(TemplateError) {
        try self.init(source: source ?? Self.chatML)
    }

    /// A minimal ChatML template.
    public static var chatML: String {
        "{% for message in messages %}"
            + "{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n' }}"
            + "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
    }

    /// What a rendering is about.
    public struct Input: Sendable {
        /// Objects with `role` and `content` and whatever else a client sent.
        public var messages: [TemplateValue]
        /// Ends the prompt with the opening of the assistant's turn.
        public var addGenerationPrompt = true
        /// The text of the tokenizer's begin token, which many templates put first; empty for none.
        public var beginOfSequence: [UInt8] = []
        public var endOfSequence: [UInt8] = []
        /// More variables, such as `tools`, `documents` or `enable_thinking`.
        public var variables: [(name: String, value: TemplateValue)] = []
        /// The present time, for templates that state the date; without it `strftime_now` is undefined.
        public var time: CivilTime?

        public init(messages: [TemplateValue]) { self.messages = messages }
    }

    /// The prompt of a conversation, UTF-8 if the input is. `TemplateError.isRefusal` tells when the template refuses
    /// the conversation as such.
    ///
    /// - Parameter outputByteCountMax: bytes of the prompt at most; `TemplateLimits` bound it in any case.
    public func render(_ input: Input, outputByteCountMax: Int = .max) throws(TemplateError) -> [UInt8] {
        let globals: [(name: String, value: TemplateValue)] = [
            ("messages", .list(input.messages)),
            ("add_generation_prompt", .boolean(input.addGenerationPrompt)),
            ("bos_token", .string(input.beginOfSequence)),
            ("eos_token", .string(input.endOfSequence)),
        ]
        var renderer = TemplateRenderer(
            macros: macros, globals: globals, time: input.time, outputByteCountMax: outputByteCountMax)
        for variable in input.variables { try renderer.assign(variable.value, to: variable.name, line: 0) }
        guard try renderer.run(body) == .next else {
            throw TemplateError(line: 0, problem: .syntax("'break' or 'continue' outside of a loop"))
        }
        return renderer.output
    }
}

extension TemplateValue {
    /// A message of a conversation.
    public static func message(role: String, content: String) -> TemplateValue {
        .object(TemplateObject([("role", .text(role)), ("content", .text(content))]))
    }
}
