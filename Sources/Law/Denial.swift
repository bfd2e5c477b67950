import MonotonicTime

/// Why an operation was refused. The caller answers `EPERM` (403 over HTTP) and does nothing.
public struct Denial: Error, Equatable, Sendable {
    public enum Reason: Equatable, Sendable {
        /// The table grants the subject no such operation on the target.
        case notGranted
        /// The capability is of a generation that has been revoked.
        case revoked

        public var name: StaticString {
            switch self {
            case .notGranted: "not granted"
            case .revoked: "revoked"
            }
        }
    }

    public let time: Instant
    public let subject: SubjectID
    public let target: Target
    public let operation: OperationCode
    public let reason: Reason
}

/// The growth bus: the most recent denials, in order. A flood overwrites the oldest records and counts them as lost.
public struct GrowthBus: Sendable {
    private var ring: [Denial] = []
    private let capacity: Int
    /// Denials recorded since boot.
    public private(set) var recordedCount: UInt64 = 0

    /// - Parameter capacity: records kept, at least one.
    init(capacity: Int) {
        precondition(capacity > 0)
        self.capacity = capacity
        ring.reserveCapacity(capacity)
    }

    /// Records that were overwritten before anybody could have read them for ever.
    public var lostCount: UInt64 { recordedCount - UInt64(ring.count) }

    /// The records kept, oldest first.
    public var records: [Denial] {
        guard ring.count == capacity else { return ring }
        let oldest = Int(recordedCount % UInt64(capacity))
        return Array(ring[oldest...] + ring[..<oldest])
    }

    mutating func record(_ denial: Denial) {
        if ring.count < capacity {
            ring.append(denial)
        } else {
            ring[Int(recordedCount % UInt64(capacity))] = denial
        }
        recordedCount += 1
    }
}
