/// What the kernel reports to the program that runs its machine, apart from its log: one frame of the console.
package struct GuestMessage: Equatable, Sendable {
    package enum Content: Equatable, Sendable {
        /// The server takes requests.
        case ready
        /// The same, in a machine that was made of saved memory.
        case resumed(microseconds: UInt64, coreCount: UInt64)
        /// The machine is not saved, and goes on.
        case refused(Refusal)
        /// The memory is left to the host; nothing follows until it is resumed.
        case suspending
        case poweringOff
    }

    /// Why the machine is not saved.
    package enum Refusal: CaseIterable, Sendable {
        case networkDevice, modelNotReady, answersUnderWay, memoryNotKept

        var word: StaticString {
            switch self {
            case .networkDevice: "network-device"
            case .modelNotReady: "model-not-ready"
            case .answersUnderWay: "answers-under-way"
            case .memoryNotKept: "memory-not-kept"
            }
        }
    }

    package let content: Content
    /// The kernel's clock: since its entry, in whichever machine that was.
    package let microseconds: UInt64

    package init(_ content: Content, microseconds: UInt64) {
        self.content = content
        self.microseconds = microseconds
    }
}

extension GuestMessage {
    /// The frame.
    package func encode() -> [UInt8] {
        var text = "\(keyword.word) us=\(microseconds)"
        switch content {
        case .resumed(let microseconds, let coreCount): text += " took-us=\(microseconds) cores=\(coreCount)"
        case .refused(let refusal): text += " reason=\(refusal.word)"
        case .ready, .suspending, .poweringOff: break
        }
        return ConsoleFrame.encode(text)
    }

    /// Reads what is between a frame's start and its end; nil when it is no message. Fields that are not known are left
    /// alone.
    package init?(frame bytes: [UInt8]) {
        guard let frame = FrameContent(bytes), let time = frame.integer("us"),
            let keyword = Keyword.allCases.first(where: { $0.word.hasBytes(frame.word) })
        else { return nil }
        switch keyword {
        case .ready: content = .ready
        case .resumed:
            guard let duration = frame.integer("took-us"), let coreCount = frame.integer("cores") else { return nil }
            content = .resumed(microseconds: duration, coreCount: coreCount)
        case .refused:
            guard let reason = frame.field("reason"),
                let refusal = Refusal.allCases.first(where: { $0.word.hasBytes(reason) })
            else { return nil }
            content = .refused(refusal)
        case .suspending: content = .suspending
        case .poweringOff: content = .poweringOff
        }
        microseconds = time
    }

    private enum Keyword: CaseIterable {
        case ready, resumed, refused, suspending, poweringOff

        var word: StaticString {
            switch self {
            case .ready: "ready"
            case .resumed: "resumed"
            case .refused: "refused"
            case .suspending: "suspending"
            case .poweringOff: "powering-off"
            }
        }
    }

    private var keyword: Keyword {
        switch content {
        case .ready: .ready
        case .resumed: .resumed
        case .refused: .refused
        case .suspending: .suspending
        case .poweringOff: .poweringOff
        }
    }
}
