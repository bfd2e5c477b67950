import JSON

/// Why a text is no law: where, which field, and what to write instead.
public struct LawError: Error, Equatable, Sendable {
    public let location: JSONLocation
    /// The field as a path: `subjects.alice.quotas`; empty for the whole document.
    public let field: String
    public let problem: String

    /// One line, to follow the name of the file and a colon.
    public var message: String {
        let place = "\(location.line):\(location.column): "
        return field.isEmpty ? place + problem : place + field + ": " + problem
    }
}

/// A field on its way to an error message.
struct FieldPath {
    private(set) var steps: [JSONPathStep] = []

    func appending(_ name: JSONString) -> FieldPath { appending(.member(name)) }

    func appending(_ step: JSONPathStep) -> FieldPath {
        var path = self
        path.steps.append(step)
        return path
    }

    /// `subjects.alice.grants["/model/**"][0]`
    var text: String {
        var text = ""
        for step in steps {
            switch step {
            case .element(let index): text += "[\(index)]"
            case .member(let name):
                let isWord =
                    !name.utf8.isEmpty
                    && name.utf8.allSatisfy {
                        switch $0 {
                        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
                            true
                        default: false
                        }
                    }
                if isWord {
                    text += (text.isEmpty ? "" : ".") + name.text
                } else {
                    text += "[\"\(name.text)\"]"
                }
            }
        }
        return text
    }
}
