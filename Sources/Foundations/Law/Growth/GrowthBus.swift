import MonotonicTime

/// The growth bus: the most recent records, in order, each holding the hash of the one before. A flood overwrites the
/// oldest and counts them as lost, or, where the law wants all of them kept, stops everything else.
public struct GrowthBus: Sendable {
    private var ring: [GrowthRecord] = []
    /// Where the oldest record is once the ring is full; 0 before.
    private var oldest = 0
    private var capacity: Int
    private var deniesWhenFull: Bool
    private let auditKey: [UInt8]
    /// Records made since boot.
    public private(set) var recordedCount: UInt64 = 0
    /// Denials since boot, those of a stalled bus included.
    public private(set) var denialCount: UInt64 = 0
    /// Records that were overwritten before anybody had read them.
    public private(set) var lostCount: UInt64 = 0
    /// The sequence number of the last record that a reader has taken over.
    public private(set) var acknowledged: UInt64 = 0
    /// What the next record will hold as the hash before it.
    private var lastHash: Digest
    /// No record may be lost, and there is no room for another one.
    @usableFromInline private(set) var isStalled = false

    /// - Parameters:
    ///   - capacity: records kept, at least one.
    ///   - genesis: what the first record holds as the hash before it.
    init(capacity: Int, denies: Bool, genesis: Digest, auditKey: [UInt8]) {
        precondition(capacity > 0)
        self.capacity = capacity
        deniesWhenFull = denies
        lastHash = genesis
        self.auditKey = auditKey
        ring.reserveCapacity(capacity)
    }

    /// The records kept, oldest first.
    public var records: [GrowthRecord] { records(after: 0) }

    /// The records kept whose sequence numbers are above `sequence`, oldest first.
    public func records(after sequence: UInt64) -> [GrowthRecord] {
        guard sequence < recordedCount else { return [] }
        let wanted = Int(clamping: recordedCount - sequence)
        let count = min(wanted, ring.count)
        return ((ring.count - count)..<ring.count).map { ring[(oldest + $0) % ring.count] }
    }

    /// A reader has the records up to this sequence number: they may be overwritten.
    public mutating func acknowledge(_ sequence: UInt64) {
        acknowledged = max(acknowledged, min(sequence, recordedCount))
        updateStall()
    }

    /// The end of the chain. Its code proves, to whoever has the audit key, that the chain was this long and ended so.
    public var head: GrowthHead {
        GrowthHead(sequence: recordedCount, hash: lastHash, lostCount: lostCount, auditKey: auditKey)
    }

    mutating func record(
        _ event: GrowthRecord.Event, _ subject: String, target: [UInt8], _ operations: OperationSet,
        _ reason: Denial.Reason?, number: UInt64, now: Instant
    ) {
        if event == .denied { denialCount += 1 }
        let isFull = ring.count == capacity
        if isFull, ring[oldest].sequence > acknowledged {
            // A stalled bus has nobody to record but those who try in vain: their number is all that is kept.
            lostCount += 1
            if deniesWhenFull { return }
        }
        let record = GrowthRecord(
            sequence: recordedCount + 1, time: now, event: event, subject: subject, target: target,
            operations: operations, reason: reason, number: number, previous: lastHash)
        lastHash = record.hash
        if isFull {
            ring[oldest] = record
            oldest = (oldest + 1) % capacity
        } else {
            ring.append(record)
        }
        recordedCount += 1
        updateStall()
    }

    /// Keeps to what another law says; the newest records stay, as many as fit.
    mutating func reconfigure(capacity: Int, denies: Bool) {
        precondition(capacity > 0)
        let kept = Array(records.suffix(capacity))
        lostCount += UInt64(records.dropLast(kept.count).count { $0.sequence > acknowledged })
        ring = kept
        oldest = 0
        self.capacity = capacity
        deniesWhenFull = denies
        updateStall()
    }

    private mutating func updateStall() {
        isStalled = deniesWhenFull && recordedCount - acknowledged >= UInt64(capacity)
    }
}

/// The end of a chain of records, and a code over it.
public struct GrowthHead: Equatable, Sendable {
    /// The last record's number; 0 when there is none.
    public let sequence: UInt64
    public let hash: Digest
    public let lostCount: UInt64
    /// HMAC-SHA-256 with the audit key; nil where there is none.
    public let code: Digest?

    init(sequence: UInt64, hash: Digest, lostCount: UInt64, code: Digest?) {
        self.sequence = sequence
        self.hash = hash
        self.lostCount = lostCount
        self.code = code
    }

    init(sequence: UInt64, hash: Digest, lostCount: UInt64, auditKey: [UInt8]) {
        self.init(sequence: sequence, hash: hash, lostCount: lostCount, code: nil)
        self = GrowthHead(
            sequence: sequence, hash: hash, lostCount: lostCount,
            code: auditKey.isEmpty ? nil : expectedCode(auditKey))
    }

    /// The code that belongs to this head: over `hexa-growth-head`, number, lost count and hash.
    public func expectedCode(_ auditKey: [UInt8]) -> Digest {
        var message = Array("hexa-growth-head".utf8)
        for value in [sequence, lostCount] {
            for shift in 0..<UInt64(8) { message.append(UInt8(truncatingIfNeeded: value >> (56 - 8 * shift))) }
        }
        message += hash.bytes
        return authenticationCode(of: message.span, key: auditKey.span)
    }
}

extension Law {
    mutating func record(
        _ event: GrowthRecord.Event, _ subject: SubjectID, target: [UInt8], _ operations: OperationSet,
        _ reason: Denial.Reason? = nil, number: UInt64 = 0, now: Instant
    ) {
        growth.record(
            event, subjects[subject.index].rules.name, target: target, operations, reason, number: number, now: now)
    }

    /// A reader with leave to read the growth bus has the records up to this number.
    public mutating func acknowledgeGrowth(_ permit: consuming Permit<Read, GrowthTarget>, upTo sequence: UInt64) {
        growth.acknowledge(sequence)
    }
}
