import ArgumentParser
import Client
import HostSystem
import JSON
import Law
import LawFiles
import Reporting

struct LawCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "law",
        abstract: "Ask, read and change the law: raw.json, and that of a running appliance.",
        discussion: """
            EXAMPLES
              hexa-os law check alice /system/power admin --law raw.json
              hexa-os law log --url http://127.0.0.1:8080 >growth.ndjson
              hexa-os law verify growth.ndjson
              hexa-os law why 17 growth.ndjson --law raw.json
              hexa-os law suggest growth.ndjson --law raw.json
              hexa-os law replace raw.json --dry-run --url http://127.0.0.1:8080

            docs/law.md describes raw.json. The API key is --api-key or, better, HEXA_API_KEY.
            """,
        subcommands: [
            LawCheckCommand.self, LawLogCommand.self, LawVerifyCommand.self, LawWhyCommand.self,
            LawSuggestCommand.self, LawReplaceCommand.self,
        ]
    )
}

/// Which appliance is meant, and as whom.
struct ApplianceOptions: ParsableArguments {
    @Option(help: ArgumentHelp("A running appliance.", valueName: "http://host:port"))
    var url: String?

    @Option(help: "The bearer token to present; better given as HEXA_API_KEY.")
    var apiKey: String?

    func client() throws -> ApplianceClient {
        guard let url else { throw ValidationError("--url is missing: which appliance is meant?") }
        return try ApplianceClient(url: url, apiKey: apiKey ?? HostEnvironment.apiKey)
    }
}

/// Which law is meant: a file's, or that of a running appliance.
struct LawOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The law to ask.", valueName: "raw.json"))
    var law: String?

    @OptionGroup var appliance: ApplianceOptions

    /// The law and its text, for the places of its rules.
    func document() throws -> (document: LawDocument, text: [UInt8], name: String) {
        if let law {
            let file = try LawFile(path: law)
            return (file.document, file.text, law)
        }
        guard appliance.url != nil else { throw ValidationError("name the law with --law or --url") }
        let text = try appliance.client().request("GET", "/v1/law")
        do {
            return (try LawDocument(parsing: text), text, "the appliance's law")
        } catch {
            throw BadAnswer(reason: error.message)
        }
    }
}

extension ParsableCommand {
    /// The target of an argument.
    func targetPath(_ text: String) throws -> TargetPath {
        do throws(PathError) {
            return try TargetPath(text)
        } catch {
            throw ValidationError("\(text) is no target: \(error.message)")
        }
    }

    /// The operation of an argument.
    func operationCode(_ name: String) throws -> OperationCode {
        guard let code = OperationCode(name: Array(name.utf8)) else {
            let names = OperationCode.allCases.map { "\($0.name)" }.joined(separator: ", ")
            throw ValidationError("\(name) is no operation; there are \(names)")
        }
        return code
    }
}

extension OperationSet {
    /// `read, infer`
    var words: String { codes.map { "\($0.name)" }.joined(separator: ", ") }
}
