/// What somebody says in a chat.
struct ChatMessage {
    var role: String
    var content: String
}

/// The ChatML layout of a conversation, which SmolLM2 and Qwen were trained on; stands in for the model's own template.
public struct ChatTemplate: Sendable {
    public init() {}

    func render(_ messages: [ChatMessage]) -> String {
        let turns = messages.map { "<|im_start|>\($0.role)\n\($0.content)<|im_end|>\n" }
        return turns.joined() + "<|im_start|>assistant\n"
    }
}
