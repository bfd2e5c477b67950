import ArgumentParser
import HostSystem
import JSON
import ModelFiles
import MonotonicTime
import Reporting

struct WarmCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "warm",
        abstract: "Bring models into the page cache in large pages, so that their next start is at its fastest.",
        discussion: """
            EXAMPLES
              hexa-os warm model.hxm
              hexa-os warm models/*.hxm --json

            A file that was copied or read piece by piece is in memory in small pages, which makes a first answer of a
            large model up to seconds later. A file that is in memory in large pages already is left alone; others are
            dropped from memory and read again. Pages that a running machine has mapped cannot be dropped.
            """
    )

    @Argument(help: ArgumentHelp("Model files.", valueName: "model"))
    var models: [String]

    @Flag(help: "Print one JSON object a model on standard output.")
    var json = false

    func run() throws {
        try reportingFailure {
            let signals = SignalInbox()
            for path in models {
                let started = HostClock.now
                let file = try WarmFile(path: path) { share in
                    Terminal.progress("reading \(path): \(Int(share * 100)) %")
                    return !signals.takeOne()
                }
                report(path, file, HostClock.now - started)
            }
        }
    }

    private func report(_ path: String, _ file: WarmFile, _ duration: Interval) {
        let seconds = (duration.seconds * 100).rounded() / 100
        let share = Int(100 * Double(file.largePageByteCount) / Double(file.byteCount))
        let how = file.wasWarm ? "was in memory" : "read in \(seconds) s"
        Terminal.note("\(path): \(ModelReport.size(file.byteCount)) \(how), \(share) % in large pages")
        guard json else { return }
        let result: JSONValue = [
            "path": .string(JSONString(path)), "file_bytes": .number(.integer(Int64(file.byteCount))),
            "large_page_bytes": .number(.integer(Int64(file.largePageByteCount))),
            "was_warm": .bool(file.wasWarm), "seconds": .number(.double(duration.seconds)),
        ]
        Terminal.print(String(decoding: result.serialized(), as: UTF8.self))
    }
}
