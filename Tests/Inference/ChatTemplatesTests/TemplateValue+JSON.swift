import JSON

@testable import ChatTemplates

extension TemplateValue {
    /// The value that a client's JSON stands for.
    init(_ json: JSONValue) {
        switch json {
        case .null: self = .null
        case .bool(let value): self = .boolean(value)
        case .number(.integer(let value)): self = .integer(Int(value))
        case .number(.double(let value)): self = .float(value)
        case .string(let string): self = .string(string.utf8)
        case .array(let elements): self = .list(elements.map { TemplateValue($0) })
        case .object(let object):
            var members = TemplateObject()
            for member in object.members { members[member.key.utf8] = TemplateValue(member.value) }
            self = .object(members)
        }
    }
}
