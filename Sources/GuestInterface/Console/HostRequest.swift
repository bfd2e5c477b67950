/// What the kernel is asked for on its console, by the program that runs its machine or by its owner, who types it.
package enum HostRequest: CaseIterable, Sendable {
    /// Finish the answers under way, then stop the machine.
    case powerOff
    /// Finish them, then leave the machine's memory to the host.
    case snapshot

    /// How long answers under way may take, once the machine is to stop.
    package static var drainSeconds: Int { 10 }

    package var word: StaticString {
        switch self {
        case .powerOff: "poweroff"
        case .snapshot: "snapshot"
        }
    }

    /// The frame: whatever was typed before it and not ended does not spoil it.
    package func encode() -> [UInt8] { ConsoleFrame.encode("\(word)") }
}

/// Finds requests in what arrives on the console: lines, framed or merely typed. It keeps one short line at most.
package struct HostRequestReader: Sendable {
    /// What a line was.
    package enum Outcome: Equatable, Sendable {
        case request(HostRequest)
        case unknown
    }

    private var line: [UInt8] = []

    package init() {}

    /// Takes the next byte; answers when it ends a line that is not empty.
    package mutating func take(_ byte: UInt8) -> Outcome? {
        switch byte {
        case ConsoleFrame.start:
            line.removeAll(keepingCapacity: true)
            return nil
        case UInt8(ascii: "\n"), UInt8(ascii: "\r"):
            defer { line.removeAll(keepingCapacity: true) }
            if line.isEmpty { return nil }
            guard let request = HostRequest.allCases.first(where: { $0.word.hasBytes(line) }) else { return .unknown }
            return .request(request)
        default:
            // One byte beyond what a frame may have is enough to make a line unknown.
            if line.count <= ConsoleFrame.byteCountMax { line.append(byte) }
            return nil
        }
    }
}
