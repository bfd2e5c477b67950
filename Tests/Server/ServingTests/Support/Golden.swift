import JSON
import Testing

/// Compares an answer with JSON written by hand after OpenAI's API reference: the order of members does not count,
/// numbers agree to a thousandth, and `"*"` stands for any string.
func expectSame(_ actual: JSONValue, _ golden: String, sourceLocation: SourceLocation = #_sourceLocation) {
    guard let expected = try? JSONValue(parsing: Array(golden.utf8)) else {
        Issue.record("the golden text is not JSON", sourceLocation: sourceLocation)
        return
    }
    if let difference = difference(actual, expected, at: "$") {
        let text = String(decoding: actual.serialized(style: .pretty), as: UTF8.self)
        Issue.record("\(difference)\nin \(text)", sourceLocation: sourceLocation)
    }
}

/// Where and how two values differ; nil when they do not.
private func difference(_ actual: JSONValue, _ expected: JSONValue, at path: String) -> String? {
    switch (actual, expected) {
    case (.string, .string("*")):
        return nil
    case (.number(let left), .number(let right)):
        return abs(left.nearestDouble - right.nearestDouble) < 1e-3 ? nil : "\(path): \(left) is not \(right)"
    case (.array(let left), .array(let right)):
        guard left.count == right.count else { return "\(path) has \(left.count) elements, not \(right.count)" }
        for index in left.indices {
            if let inner = difference(left[index], right[index], at: "\(path)[\(index)]") { return inner }
        }
        return nil
    case (.object(let left), .object(let right)):
        for member in right.members {
            let name = member.key.text
            guard let value = left[name] else { return "\(path).\(name) is missing" }
            if let inner = difference(value, member.value, at: "\(path).\(name)") { return inner }
        }
        for member in left.members where right[member.key.text] == nil {
            return "\(path).\(member.key.text) should not be there"
        }
        return nil
    default:
        return actual == expected ? nil : "\(path): \(actual) is not \(expected)"
    }
}
