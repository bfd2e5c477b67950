/// Why a chat template cannot be parsed or rendered, and the template's line where it happened.
public struct TemplateError: Error, Equatable, Sendable {
    /// Counted from 1.
    public let line: Int
    public let problem: Problem

    public enum Problem: Equatable, Sendable {
        /// The source is not well-formed.
        case syntax(String)
        /// A feature of Jinja that public templates do not use.
        case unsupported(String)
        /// An operation on a value of a kind that it does not take.
        case type(String)
        /// Something is taken from a variable that has no value.
        case undefined(String)
        /// The template itself refuses the conversation (`raise_exception`): the request's fault.
        case raised(String)
        /// A bound of `TemplateLimits`, by name.
        case limit(String)
        /// The text is longer than the rendering was asked for.
        case outputTooLong(byteCountMax: Int)
    }

    /// Whether the conversation is at fault and not the template.
    public var isRefusal: Bool {
        if case .raised = problem { true } else { false }
    }
}

extension TemplateError: CustomStringConvertible {
    public var description: String {
        let text =
            switch problem {
            case .syntax(let text): text
            case .unsupported(let text): text + " is not supported"
            case .type(let text): text
            case .undefined(let name): "'" + name + "' is undefined"
            case .raised(let text): text
            case .limit(let name): "more than the limit on " + name
            case .outputTooLong(let byteCountMax): "the text is longer than \(byteCountMax) bytes"
            }
        return "chat template, line \(line): " + text
    }
}
