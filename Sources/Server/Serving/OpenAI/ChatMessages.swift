import JSON

/// What somebody says in a chat.
struct ChatMessage {
    /// As templates call it.
    var role: String
    /// UTF-8.
    var content: [UInt8]
}

/// Reading the `messages` of a chat request.
enum ChatMessages {
    /// The messages of `request`, at least one.
    static func read(_ request: RequestObject) throws(APIError) -> [ChatMessage] {
        guard let values = try request.array("messages") else { throw request.missing("messages") }
        guard !values.isEmpty else { throw .invalid("messages", "'messages' must hold at least one message.") }
        guard values.count <= Limits.chatMessages else {
            throw .invalid("messages", "'messages' may hold \(Limits.chatMessages) messages at most.")
        }
        var messages: [ChatMessage] = []
        messages.reserveCapacity(values.count)
        for (index, value) in values.enumerated() {
            guard let object = value.objectValue else {
                throw .invalid("messages[\(index)]", "'messages[\(index)]' must be an object.", code: "invalid_type")
            }
            messages.append(try message(RequestObject(object, prefix: "messages[\(index)].")))
        }
        return messages
    }

    private static func message(_ object: RequestObject) throws(APIError) -> ChatMessage {
        guard let role = try object.text("role") else { throw object.missing("role") }
        guard let role = Role(utf8: role) else {
            throw .invalid(
                object.path("role"),
                "'\(object.path("role"))' must be system, developer, user, assistant or tool.")
        }
        let mayLackContent = role == .assistant
        guard let content = try content(object) ?? (mayLackContent ? [] : nil) else { throw object.missing("content") }
        return ChatMessage(role: role.templateName, content: content)
    }

    /// A text, or an array of text parts, which are joined.
    private static func content(_ object: RequestObject) throws(APIError) -> [UInt8]? {
        guard let value = object.value("content") else { return nil }
        if let text = value.utf8Value { return text }
        guard let parts = value.arrayValue else { throw object.wrongType("content", "a string or an array of parts") }
        var joined: [UInt8] = []
        for (index, part) in parts.enumerated() {
            let place = "content[\(index)]"
            guard let part = part.objectValue else { throw object.wrongType(place, "an object") }
            let reader = RequestObject(part, prefix: object.path(place) + ".")
            guard let type = try reader.text("type") else { throw reader.missing("type") }
            guard type == Array("text".utf8) || type == Array("refusal".utf8) else {
                throw .unsupported(
                    reader.path("type"), "This model reads text only: a content part must be of type \"text\".")
            }
            let name = String(decoding: type, as: UTF8.self)
            guard let text = try reader.text(name) else { throw reader.missing(name) }
            joined += text
        }
        return joined
    }

    /// Who speaks.
    enum Role: CaseIterable {
        case system, developer, user, assistant, tool

        init?(utf8: [UInt8]) {
            for role in Role.allCases where utf8 == Array(role.name.utf8) {
                self = role
                return
            }
            return nil
        }

        private var name: String {
            switch self {
            case .system: "system"
            case .developer: "developer"
            case .user: "user"
            case .assistant: "assistant"
            case .tool: "tool"
            }
        }

        /// `developer` is OpenAI's newer word for `system`; chat templates know the old one.
        var templateName: String { self == .developer ? "system" : name }
    }
}
