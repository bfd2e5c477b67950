import ArgumentParser
import Client
import JSON
import Law
import LawFiles
import Reporting

struct LawSuggestCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "suggest",
        abstract: "Propose the smallest change of a law after which recorded denials would be granted.",
        discussion: """
            EXAMPLES
              hexa-os law suggest growth.ndjson --law raw.json

            Prints a JSON merge patch (RFC 7396) and applies nothing: whether a denial was right is for you to say.
            """
    )

    @Argument(help: "What 'hexa-os law log' printed; - for standard input.") var file: String
    @OptionGroup var options: LawOptions
    @Flag(help: "Print the patch without white space.") var json = false

    func run() throws {
        try reportingFailure {
            let records = try LawRecords.read(file).records
            let patch = JSONValue.object(try options.document().document.proposal(for: records))
            Terminal.print(bytes: patch.serialized(style: json ? .compact : .pretty) + [UInt8(ascii: "\n")])
        }
    }
}

struct LawReplaceCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replace",
        abstract: "Put another law in force on a running appliance.",
        discussion: """
            EXAMPLES
              hexa-os law replace raw.json --dry-run --url http://127.0.0.1:8080
              hexa-os law replace raw.json --url http://127.0.0.1:8080
              hexa-os law replace --rollback --url http://127.0.0.1:8080

            Needs "admin" on /law, and a "version" above that in force. Tells which recorded denials it would grant and
            which rights in use it would take.
            """
    )

    @Argument(help: "The law.") var law: String?
    @Flag(help: "Only tell what would change.") var dryRun = false
    @Flag(help: "Go back to the law before.") var rollback = false
    @Flag(help: "Print one JSON object.") var json = false
    @OptionGroup var appliance: ApplianceOptions

    func validate() throws {
        if (law == nil) != rollback { throw ValidationError("name a raw.json, or --rollback") }
        if rollback && dryRun { throw ValidationError("--rollback cannot be rehearsed") }
    }

    func run() throws {
        try reportingFailure {
            let client = try appliance.client()
            let answer: [UInt8]
            if let law {
                let file = try LawFile(path: law)
                answer = try client.request("PUT", "/v1/law" + (dryRun ? "?dry_run=1" : ""), body: file.text)
            } else {
                answer = try client.request("POST", "/v1/law/rollback")
            }
            if json { return Terminal.print(bytes: answer + [UInt8(ascii: "\n")]) }
            guard let report = try? JSONValue(parsing: answer), let version = report["version"]?.intValue else {
                throw BadAnswer(reason: "it is not the report of a change")
            }
            for change in report["changes"]?.arrayValue ?? [] {
                let names = (change["ops"]?.arrayValue ?? []).compactMap(\.stringValue).joined(separator: ", ")
                Terminal.print(
                    "\(change["verdict"]?.stringValue ?? "?"): \(change["subject"]?.stringValue ?? "?") "
                        + "\(names) \(change["target"]?.stringValue ?? "?")")
            }
            Terminal.note(dryRun ? "version \(version) stays in force" : "version \(version) is in force")
        }
    }
}
