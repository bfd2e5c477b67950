import ArgumentParser
import ModelFiles
import Reporting

struct InfoCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "info",
        abstract: "Tell what is in a model file, and whether it can run.",
        discussion: """
            EXAMPLES
              hexa-os info model.gguf
              hexa-os info model.hxm --verify
              hexa-os info model.gguf --json | jq .memory_mib

            Exits with 65 when the file is neither a GGUF nor an HXM file, is damaged, or holds a model that cannot be
            served.
            """
    )

    @Argument(help: ArgumentHelp("The model, a GGUF or HXM file.", valueName: "model"))
    var model: String

    @Flag(help: "Read all tensors and compare them with their checksums, which HXM files have.")
    var verify = false

    @Flag(help: "Print one JSON object instead of text.")
    var json = false

    func run() throws {
        try reportingFailure {
            let file = try ModelFile(path: model)
            let verification =
                try verify
                ? file.verify { share in
                    Terminal.progress("verifying \(model): \(Int(share * 100)) %")
                } : nil
            let report = ModelReport(file, verification: verification)
            Terminal.clearProgress()
            Terminal.print(json ? String(decoding: report.json.serialized(style: .pretty), as: UTF8.self) : report.text)
            // The report has said why; a script needs to know without reading it.
            if report.obstacle != nil { throw ExitCode(65) }
        }
    }
}
