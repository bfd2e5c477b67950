import JSON
import MonotonicTime

/// When what happened between the start of a program and its machine's first token: a list of milestones, each of which
/// ends the span that began with the one before.
public struct BootTimeline: Equatable, Sendable {
    public struct Milestone: Equatable, Sendable {
        /// Who reached it: `hexa-os` or `kernel`.
        public let actor: String
        public let text: String
        /// Since the start.
        public let time: Interval
    }

    public private(set) var milestones: [Milestone] = []
    private let start: Instant
    /// When the kernel's clock was zero, by the host's: the earliest that any of its lines allows, as lines only ever
    /// arrive late.
    private var kernelStart: Instant?
    private var kernelLines: [(text: String, time: Interval)] = []
    /// A resumed kernel's clock goes on from where it was saved: its first line counts as zero.
    private let isResumed: Bool
    private var kernelZero: Interval?

    public init(start: Instant, isResumed: Bool = false) {
        self.start = start
        self.isResumed = isResumed
    }

    public static func == (left: BootTimeline, right: BootTimeline) -> Bool {
        left.start == right.start && left.milestones == right.milestones
    }

    /// Takes note of something that this program has done by `now`.
    public mutating func note(_ text: String, now: Instant) {
        milestones.append(Milestone(actor: "hexa-os", text: text, time: now - start))
    }

    /// Takes note of a line of the kernel that arrived at `now`; the line itself says when it was written.
    public mutating func note(_ line: ConsoleLine, now: Instant) {
        guard let shown = line.kernelMicroseconds.map({ Interval.microseconds($0) }) else { return }
        if isResumed, kernelZero == nil { kernelZero = shown }
        let time = shown - (kernelZero ?? .zero)
        let zero = now - start > time ? start + (now - start - time) : start
        kernelStart = min(kernelStart ?? zero, zero)
        kernelLines.append((line.text, time))
    }

    /// All milestones in order, the kernel's placed on the host's clock.
    public var ordered: [Milestone] {
        guard let kernelStart else { return milestones }
        let offset = kernelStart - start
        // A resumed kernel was entered before its first line; when, it does not say.
        let entry = isResumed ? [] : [Milestone(actor: "kernel", text: "entry", time: offset)]
        let lines = kernelLines.map { Milestone(actor: "kernel", text: $0.text, time: offset + $0.time) }
        return (milestones + entry + lines).sorted { $0.time < $1.time }
    }

    /// `[{"actor": ..., "milestone": ..., "milliseconds": ...}, ...]`
    public var json: JSONValue {
        .array(
            ordered.map { milestone in
                [
                    "actor": .string(JSONString(milestone.actor)),
                    "milestone": .string(JSONString(milestone.text)),
                    "milliseconds": .number(.double(milestone.time.seconds * 1_000)),
                ]
            })
    }
}
