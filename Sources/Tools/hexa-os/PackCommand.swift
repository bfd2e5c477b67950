import ArgumentParser
import HostSystem
import JSON
import ModelFiles
import MonotonicTime
import Reporting

struct PackCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pack",
        abstract: "Lay a model's weights out as the kernels read them, so that serving needs no conversion.",
        discussion: """
            EXAMPLES
              hexa-os pack model.gguf                    makes model.hxm
              hexa-os pack model.gguf -o /models/m.hxm --force
              hexa-os run model.hxm

            The same model always makes the same bytes. The file has its name only once it is whole. Models that cannot
            be served are refused with 65.
            """
    )

    @Argument(help: ArgumentHelp("The model, a GGUF file.", valueName: "model.gguf"))
    var model: String

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "The packed file (default: the model's name with .hxm).",
            valueName: "model.hxm"))
    var output: String?

    @Flag(help: "Replace the output if it exists.")
    var force = false

    @Flag(help: "Print the result as one JSON object on standard output.")
    var json = false

    func run() throws {
        let started = HostClock.now
        try reportingFailure {
            let packer = try ModelPacker(try ModelFile(path: model))
            let path = output ?? ModelPacker.defaultPath(for: model)
            let signals = SignalInbox()
            try packer.write(to: path, replacesExisting: force) { share in
                Terminal.progress("packing \(path): \(Int(share * 100)) %")
                return !signals.takeOne()
            }
            report(path, packer.fileByteCount, HostClock.now - started)
        }
    }

    private func report(_ path: String, _ byteCount: Int, _ duration: Interval) {
        let rate = Int(Double(byteCount) / max(duration.seconds, 1e-6)) >> 20
        let seconds = (duration.seconds * 100).rounded() / 100
        Terminal.note("packed \(path): \(ModelReport.size(byteCount)) in \(seconds) s (\(rate) MiB/s)")
        guard json else { return }
        let result: JSONValue = [
            "path": .string(JSONString(path)), "file_bytes": .number(.integer(Int64(byteCount))),
            "seconds": .number(.double(duration.seconds)),
        ]
        Terminal.print(String(decoding: result.serialized(), as: UTF8.self))
    }
}
