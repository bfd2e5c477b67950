import ArgumentParser
import HostSystem
import struct GuestInterface.KernelConfiguration

/// How a model is served, whoever serves it: the options that hexa-os and hexa-serve share.
public struct ServingOptions: ParsableArguments {
    @Option(help: "Demand this bearer token (with --law: present it); better given as HEXA_API_KEY, which is not seen.")
    public var apiKey: String?

    @Option(
        help: ArgumentHelp(
            "Who may do what; without it whoever may ask may use the model. See docs/law.md.",
            valueName: "raw.json"))
    public var law: String?

    @Option(help: "What clients call the model (default: the file's name).")
    public var name: String?

    @Option(help: ArgumentHelp("Tokens that one conversation can hold.", valueName: "tokens"))
    public var context: Int?

    @Option(help: ArgumentHelp("Conversations computed at the same time.", valueName: "count"))
    public var sequences: Int?

    @Option(
        help: ArgumentHelp(
            "Refuse (429) whoever would get the first token later than that.",
            valueName: "milliseconds"))
    public var slaTtftMs: Int?

    @Option(
        help: ArgumentHelp(
            "Have others wait while streams would get their tokens further apart than that.",
            valueName: "milliseconds"))
    public var slaItlMs: Int?

    public init() {}

    public func validate() throws {
        if let sequences, sequences > KernelConfiguration.sequenceCountMax {
            throw ValidationError("--sequences may be \(KernelConfiguration.sequenceCountMax) at most")
        }
        for (flag, value) in [("--context", context ?? 1), ("--sequences", sequences ?? 1)] where value < 1 {
            throw ValidationError("\(flag) must be at least 1")
        }
    }

    /// The first of them that says how a model is served, as it was given; nil where none was. The key is not among
    /// them: whoever asks needs it too.
    public var firstGiven: String? {
        let given: [(flag: String, isGiven: Bool)] = [
            ("--law", law != nil), ("--name", name != nil), ("--context", context != nil),
            ("--sequences", sequences != nil), ("--sla-ttft-ms", slaTtftMs != nil), ("--sla-itl-ms", slaItlMs != nil),
        ]
        return given.first { $0.isGiven }?.flag
    }

    /// These options again, for a `hexa-os run` that is started with them; but for the key, which everybody could see
    /// there, and the name.
    public var arguments: [String] {
        let values = [
            ("--law", law), ("--context", context.map { "\($0)" }), ("--sequences", sequences.map { "\($0)" }),
            ("--sla-ttft-ms", slaTtftMs.map { "\($0)" }), ("--sla-itl-ms", slaItlMs.map { "\($0)" }),
        ]
        return values.flatMap { flag, value in value.map { [flag, $0] } ?? [] }
    }

    /// The key that every client must present; nil where there is none, or where the law says who may ask.
    public var clientKey: String? { law == nil ? apiKey ?? HostEnvironment.apiKey : nil }
}
