import ArgumentParser
import Launcher
import Reporting

struct InfoCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "info",
        abstract: "Tell what is in a model file, and whether it can run.",
        discussion: """
            EXAMPLES
              hexa-os info model.gguf
              hexa-os info model.gguf --json | jq .memory_mib

            Exits with 65 when the file is not a GGUF file, or holds a model that cannot be served.
            """
    )

    @Argument(help: ArgumentHelp("The model, a GGUF file.", valueName: "model.gguf"))
    var model: String

    @Flag(help: "Print one JSON object instead of text.")
    var json = false

    func run() throws {
        try reportingFailure {
            let report = ModelReport(try ModelFile(path: model))
            Terminal.print(json ? String(decoding: report.json.serialized(style: .pretty), as: UTF8.self) : report.text)
            // The report has said why; a script needs to know without reading it.
            if report.obstacle != nil { throw ExitCode(65) }
        }
    }
}
