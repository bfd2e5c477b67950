import ArgumentParser
import Client
import Glibc
import HostErrors
import HostFiles
import HostSystem
import JSON
import Law
import Reporting

/// Reading growth records, from a file or an appliance.
enum LawRecords {
    /// The chain in a file, followed to its end; `-` is standard input. Thrown where it was tampered with.
    static func read(
        _ path: String, auditKey: [UInt8]? = nil, anchor: (sequence: UInt64, hash: Digest)? = nil
    ) throws -> GrowthVerifier {
        let text = try bytes(of: path)
        var verifier = GrowthVerifier(auditKey: auditKey, anchor: anchor)
        do throws(GrowthFault) {
            for line in text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
                try verifier.read(Array(line))
            }
            try verifier.finish()
        } catch {
            throw RecordsTampered(path: path, reason: error.message)
        }
        return verifier
    }

    private static func bytes(of path: String) throws -> [UInt8] {
        let hint = "'hexa-os law log --url URL >FILE' makes such a file"
        let file: FileDescriptor
        if path == "-" {
            file = FileDescriptor(owning: dup(STDIN_FILENO))
        } else {
            file = FileDescriptor(owning: open(try ReadableFile.path(path, hint: hint), O_RDONLY | O_CLOEXEC))
        }
        var text: [UInt8] = []
        while let bytes = file.read(), !bytes.isEmpty { text += bytes }
        return text
    }

    /// `17 denied alice admin /system/power (not granted)`
    static func sentence(_ record: GrowthRecord) -> String {
        var words = ["\(record.sequence)", "\(record.event.name)", record.subject]
        if !record.operations.isEmpty { words.append(record.operations.words) }
        words.append(String(decoding: record.target, as: UTF8.self))
        if let reason = record.reason { words.append("(\(reason.name))") }
        if record.number > 0 { words.append("[\(record.number)]") }
        return words.joined(separator: " ")
    }
}

/// A file of growth records that is not an intact chain; `reason` begins with the line.
struct RecordsTampered: ReportedFailure {
    let path: String
    let reason: String

    var report: FailureReport { .init("\(path): \(reason)", .dataError) }
}

struct LawLogCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "log",
        abstract: "Print the records of an appliance's growth bus, and the head of their chain.",
        discussion: """
            EXAMPLES
              hexa-os law log --url http://127.0.0.1:8080 >growth.ndjson
              hexa-os law log --after 1024 --url http://127.0.0.1:8080 >>growth.ndjson
              hexa-os law log --follow --text --url http://127.0.0.1:8080

            Needs "read" on /law/growth. Asking for what comes after a record acknowledges it: the appliance may then
            overwrite it. One JSON object a line; --text is for people. --follow goes on with each record as it is made,
            and a head after it, until Ctrl-C.
            """
    )

    @Option(help: ArgumentHelp("Only records after this one.", valueName: "number")) var after: UInt64?
    @Flag(help: "Go on with each record as it is made.") var follow = false
    @Flag(help: "Print sentences instead of JSON lines.") var text = false
    @Flag(help: "Print JSON lines; the default.") var json = false
    @OptionGroup var appliance: ApplianceOptions

    func run() throws {
        try reportingFailure {
            let parameters = (after.map { ["after=\($0)"] } ?? []) + (follow ? ["follow=1"] : [])
            let query = parameters.isEmpty ? "" : "?" + parameters.joined(separator: "&")
            // Hours may pass until something is denied.
            var answer = try appliance.client().open(
                "GET", "/v1/law/growth" + query,
                silenceSeconds: follow ? nil : ApplianceClient.silenceSecondsDefault)
            var pending: [UInt8] = []
            while let bytes = try answer.next() {
                pending += bytes
                guard let end = pending.lastIndex(of: UInt8(ascii: "\n")) else { continue }
                show(lines: Array(pending[...end]))
                pending.removeFirst(end + 1)
            }
        }
    }

    private func show(lines: [UInt8]) {
        guard text else { return Terminal.print(bytes: lines) }
        for line in lines.split(separator: UInt8(ascii: "\n")) {
            guard let object = try? JSONValue(parsing: Array(line)).objectValue else { continue }
            if let record = GrowthRecord(object) { Terminal.print(LawRecords.sentence(record)) }
        }
    }
}

struct LawVerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Tell whether records of the growth bus are complete and unaltered.",
        discussion: """
            EXAMPLES
              hexa-os law verify growth.ndjson
              HEXA_AUDIT_KEY=... hexa-os law verify growth.ndjson
              hexa-os law verify growth.ndjson --anchor 1024:9f86d081...

            Finds any record that was altered, dropped, inserted or moved. That nothing is missing at the end is proved
            by a head with the audit key's code (set HEXA_AUDIT_KEY here and for hexa-os run), or by an anchor: a head
            that was noted elsewhere. Exits with 65 when something is wrong.
            """
    )

    @Argument(help: "What 'hexa-os law log' printed; - for standard input.") var file: String
    @Option(help: ArgumentHelp("A head that the records must contain.", valueName: "number:hash")) var anchor: String?
    @Flag(help: "Print one JSON object.") var json = false

    func run() throws {
        try reportingFailure {
            let key = HostEnvironment.auditKey.map { Array($0.utf8) }
            let verified = try LawRecords.read(file, auditKey: key, anchor: try anchorHead())
            let isEndProved = (key != nil && verified.head != nil) || anchor != nil
            if json {
                let report: JSONValue = [
                    "records": .number(.integer(Int64(verified.records.count))),
                    "first": .number(.integer(Int64(clamping: verified.firstSequence ?? 0))),
                    "end_proved": .bool(isEndProved),
                    "lost": .number(.integer(Int64(clamping: verified.head?.lostCount ?? 0))),
                ]
                return Terminal.print(bytes: report.serialized() + [UInt8(ascii: "\n")])
            }
            Terminal.print("\(verified.records.count) records, an unbroken chain from \(verified.firstSequence ?? 0)")
            if let head = verified.head, head.lostCount > 0 {
                Terminal.print("\(head.lostCount) earlier records were overwritten before anybody read them")
            }
            if !isEndProved { Terminal.warn("nothing proves that no record is missing at the end; see --help") }
        }
    }

    private func anchorHead() throws -> (sequence: UInt64, hash: Digest)? {
        guard let anchor else { return nil }
        let parts = anchor.split(separator: ":")
        guard parts.count == 2, let sequence = UInt64(parts[0]), let hash = Digest(hexadecimal: Array(parts[1].utf8))
        else { throw ValidationError("--anchor must be NUMBER:HASH, as in a head") }
        return (sequence, hash)
    }
}

struct LawWhyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "why",
        abstract: "Tell which rule, or the lack of one, is behind a record.",
        discussion: """
            EXAMPLES
              hexa-os law why 17 growth.ndjson --law raw.json
            """
    )

    @Argument(help: "The record's number.") var record: UInt64
    @Argument(help: "What 'hexa-os law log' printed; - for standard input.") var file: String
    @OptionGroup var options: LawOptions
    @Flag(help: "Print one JSON object.") var json = false

    func run() throws {
        try reportingFailure {
            guard let found = try LawRecords.read(file).records.first(where: { $0.sequence == record }) else {
                throw ValidationError("\(file) has no record \(record)")
            }
            let (document, text, name) = try options.document()
            if !json { Terminal.print(LawRecords.sentence(found)) }
            guard let path = try? TargetPath(found.target), let operation = found.operations.codes.first else { return }
            let answer = document.explain(subject: found.subject, operation, on: path)
            if json { return Terminal.print(bytes: answer.serialized() + [UInt8(ascii: "\n")]) }
            let explainer = LawExplainer(document: document, text: text, name: name)
            Terminal.print(explainer.sentences(answer, subject: found.subject, operation, path).joined(separator: "\n"))
        }
    }
}
