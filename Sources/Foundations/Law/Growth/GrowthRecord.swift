import MonotonicTime

/// An entry of the growth bus. Each holds the hash of the one before it: a changed, dropped, inserted or moved record
/// breaks the chain where it stands.
public struct GrowthRecord: Equatable, Sendable {
    public enum Event: UInt8, CaseIterable, Sendable {
        case denied = 1
        /// Would have been denied, had the program not been learning.
        case learned
        /// A request was turned away; the target is the quota's name, the number its limit.
        case quotaExceeded
        /// A capability was handed on; the number is its distance from the subject.
        case delegated
        case revoked
        /// Another law is in force; the number is its version.
        case lawReplaced
        case lawRolledBack
        /// The machine was resumed from a snapshot; the number is the time, in seconds since 1970.
        case restored

        public var name: StaticString {
            switch self {
            case .denied: "denied"
            case .learned: "learned"
            case .quotaExceeded: "quota"
            case .delegated: "delegated"
            case .revoked: "revoked"
            case .lawReplaced: "law-replaced"
            case .lawRolledBack: "law-rolled-back"
            case .restored: "restored"
            }
        }
    }

    /// Counted from 1 since the boot.
    public let sequence: UInt64
    public let time: Instant
    public let event: Event
    public let subject: String
    /// A path, a pattern, or a quota's name.
    public let target: [UInt8]
    public let operations: OperationSet
    public let reason: Denial.Reason?
    public let number: UInt64
    /// The hash of the record before; of the law at boot, for the first.
    public let previous: Digest
    public let hash: Digest

    init(
        sequence: UInt64, time: Instant, event: Event, subject: String, target: [UInt8], operations: OperationSet,
        reason: Denial.Reason?, number: UInt64, previous: Digest, hash: Digest? = nil
    ) {
        self.sequence = sequence
        self.time = time
        self.event = event
        self.subject = subject
        self.target = target
        self.operations = operations
        self.reason = reason
        self.number = number
        self.previous = previous
        self.hash =
            hash
            ?? Self.hash(
                previous, sequence, time, event, subject, target, operations, reason, number)
    }

    /// Whether the hash is the one of what the record says.
    public var isIntact: Bool {
        hash == Self.hash(previous, sequence, time, event, subject, target, operations, reason, number)
    }

    /// SHA-256 of, in this order: the previous hash (32 bytes); sequence, nanoseconds, number (8 bytes each, the most
    /// significant first); event, reason or 0, operations (a byte each); then subject and target, each after its length
    /// in 8 bytes.
    private static func hash(
        _ previous: Digest, _ sequence: UInt64, _ time: Instant, _ event: Event, _ subject: String,
        _ target: [UInt8], _ operations: OperationSet, _ reason: Denial.Reason?, _ number: UInt64
    ) -> Digest {
        var hash = SHA256()
        hash.update(previous)
        hash.update(bigEndian: sequence)
        hash.update(bigEndian: time.nanoseconds)
        hash.update(bigEndian: number)
        hash.update(event.rawValue)
        hash.update(reason?.rawValue ?? 0)
        hash.update(operations.rawValue)
        hash.update(bigEndian: UInt64(subject.utf8.count))
        for byte in subject.utf8 { hash.update(byte) }
        hash.update(bigEndian: UInt64(target.count))
        hash.update(target.span)
        return hash.finalize()
    }
}

extension SHA256 {
    mutating func update(_ digest: Digest) {
        for index in 0..<8 {
            for shift in 0..<UInt32(4) { update(UInt8(truncatingIfNeeded: digest.words[index] >> (24 - 8 * shift))) }
        }
    }
}
