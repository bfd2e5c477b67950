import ArgumentParser
import JSON
import Law
import Reporting

struct LawCheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Tell whether a subject may do something, and which rule says so.",
        discussion: """
            EXAMPLES
              hexa-os law check alice /model/default infer --law raw.json
              hexa-os law check summarise /fs/notes/today write --url http://127.0.0.1:8080

            Exits with 0 when it is granted and with 1 when it is denied.
            """
    )

    @Argument(help: "A subject of the law.") var subject: String
    @Argument(help: "A path, such as /model/default.") var target: String
    @Argument(help: "An operation, such as read.") var op: String
    @OptionGroup var options: LawOptions
    @Flag(help: "Print one JSON object.") var json = false

    func run() throws {
        try reportingFailure {
            let path = try targetPath(target)
            let operation = try operationCode(op)
            let (document, text, name) = try options.document()
            let answer = document.explain(subject: subject, operation, on: path)
            if json {
                Terminal.print(bytes: answer.serialized() + [UInt8(ascii: "\n")])
            } else {
                Terminal.print(
                    LawExplainer(document: document, text: text, name: name)
                        .sentences(answer, subject: subject, operation, path).joined(separator: "\n"))
            }
            if answer.verdict == .denied { throw ExitCode(1) }
        }
    }
}

/// Puts an explanation into words, with the places of the rules.
struct LawExplainer {
    let document: LawDocument
    let text: [UInt8]
    /// What to call the text: a file's name.
    let name: String

    func sentences(
        _ answer: LawExplanation, subject: String, _ operation: OperationCode, _ path: TargetPath
    ) -> [String] {
        let question = "\(subject) \(operation.name) \(path.text)"
        if subject == LawDocument.kernelName { return ["granted: \(question)", "  the kernel may do everything"] }
        guard answer.isSubjectKnown else {
            return ["denied: \(question)", "  \(name) names no subject \(subject)"]
        }
        let verdict =
            switch answer.verdict {
            case .granted: "granted"
            case .learned: "granted while learning, and recorded"
            case .denied: "denied"
            }
        var lines = ["\(verdict): \(question)"]
        for pattern in answer.granting { lines.append("  by " + place(subject, pattern)) }
        for grant in answer.covering {
            lines.append("  \(place(subject, grant.pattern)) covers it, with \(grant.operations.words) only")
        }
        if answer.granting.isEmpty, answer.covering.isEmpty {
            lines.append("  no grant of \(subject) covers it")
        }
        return lines
    }

    /// `raw.json:8:9: subjects.alice.grants["/model/**"]`
    private func place(_ subject: String, _ pattern: TargetPattern) -> String {
        let field = "subjects.\(subject).grants[\"\(pattern.text)\"]"
        let steps: [JSONPathStep] = [
            .member("subjects"), .member(JSONString(subject)), .member("grants"), .member(JSONString(pattern.text)),
        ]
        guard let location = JSONLocation(of: steps, in: text.span) else { return field }
        return "\(name):\(location.line):\(location.column): \(field)"
    }
}
