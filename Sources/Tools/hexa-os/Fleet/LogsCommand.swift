import ArgumentParser
import FleetHost
import JSON
import Reporting

struct LogsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "logs",
        abstract: "Print the latest console lines of a served model's machines.",
        discussion: """
            EXAMPLES
              hexa-os logs smollm2-135m-instruct-q4_1
              hexa-os logs --follow smollm2-135m-instruct-q4_1

            They are kept when a machine ends, so that a start that failed can be looked into.
            """
    )

    @Argument(help: "The model's name.")
    var model: String

    @OptionGroup
    var choice: FleetChoice

    @Flag(name: .shortAndLong, help: "Go on with every line as it is written, until Ctrl-C or the fleet's end.")
    var follow = false

    @Flag(help: "Print one JSON object instead of text; with --follow one object after another, each on a line.")
    var json = false

    func run() throws {
        try reportingFailure {
            let (port, answer) = try choice.send(.logs(model: model, follows: false), about: model)
            guard follow else { return show(answer) }
            // Its first answer has these lines again, and none is lost in between.
            ControlClient.follow(.logs(model: model, follows: true), toPort: port, onAnswer: show)
        }
    }

    private func show(_ answer: JSONValue) {
        if json { return Terminal.print(String(decoding: answer.serialized(), as: UTF8.self)) }
        if let count = answer["missed"]?.intValue {
            Terminal.warn("\(count) lines were left out: they were read too slowly")
        }
        for line in answer["lines"]?.arrayValue ?? [] { Terminal.print(line.stringValue ?? "") }
    }
}
