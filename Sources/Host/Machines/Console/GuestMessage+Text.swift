import GuestInterface

extension GuestMessage {
    /// How much it matters to a user who sees only a part of the console; nil for what needs no attention.
    var level: LogLevel? {
        if case .refused = content { .warning } else { nil }
    }

    /// The message as a line among those of the log.
    var text: String {
        var line: [UInt8] = []
        if let level {
            LogPrefix(level: level, microseconds: microseconds).write { line.append($0) }
        } else {
            LogPrefix.write(microseconds: microseconds) { line.append($0) }
            line += Array("event ".utf8)
        }
        return String(decoding: line, as: UTF8.self) + explanation
    }

    private var explanation: String {
        switch content {
        case .ready: "ready, \(microseconds / 1_000) ms after the kernel's entry"
        case .resumed(let duration, let coreCount):
            "ready, resumed from a snapshot in \(duration) us on \(coreCount) core\(coreCount == 1 ? "" : "s")"
        case .refused(let refusal): "snapshot: refused, \(refusal.explanation)"
        case .suspending: "snapshot: leaving the memory to the monitor"
        case .poweringOff: "power: off"
        }
    }
}

extension GuestMessage.Refusal {
    var explanation: String {
        switch self {
        case .networkDevice: "a machine with a network device cannot be saved"
        case .modelNotReady: "the model is not ready"
        case .answersUnderWay: "answers were still under way after \(HostRequest.drainSeconds) s"
        case .memoryNotKept: "the monitor does not take the memory; 'hexa-os snapshot' starts one that does"
        }
    }
}
