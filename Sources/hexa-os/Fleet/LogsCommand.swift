import ArgumentParser
import JSON
import Launcher
import Reporting

struct LogsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "logs",
        abstract: "Print the latest console lines of a served model's machines.",
        discussion: """
            EXAMPLES
              hexa-os logs smollm2-135m-instruct-q4_1

            They are kept when a machine ends, so that a start that failed can be looked into.
            """
    )

    @Argument(help: "The model's name.")
    var model: String

    @OptionGroup
    var choice: FleetChoice

    @Flag(help: "Print one JSON object instead of text.")
    var json = false

    func run() throws {
        try reportingFailure {
            let answer = try choice.send(.logs(model: model), about: model).answer
            if json { return Terminal.print(String(decoding: answer.serialized(), as: UTF8.self)) }
            for line in answer["lines"]?.arrayValue ?? [] { Terminal.print(line.stringValue ?? "") }
        }
    }
}
