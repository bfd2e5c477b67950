import JSON

/// What is wrong with a file of records, and in which line.
public struct GrowthFault: Error, Equatable, Sendable {
    public enum Problem: Equatable, Sendable {
        /// Neither a record nor a head.
        case unreadable
        /// The hash is not that of what the record says.
        case altered(sequence: UInt64)
        /// The record does not continue the one before it.
        case chainBroken(sequence: UInt64)
        /// The records from the first to the last of these are not there.
        case missing(ClosedRange<UInt64>)
        /// A record stands before one with a lower number.
        case outOfOrder(sequence: UInt64)
        /// The head is not the end of these records.
        case wrongHead(sequence: UInt64)
        /// The head's code is missing, or not the audit key's.
        case wrongCode(sequence: UInt64)
        /// The records go on beyond the head that is known to the host, or another one stands in its place.
        case anchorMissed(sequence: UInt64)
    }

    /// Counted from 1.
    public let line: Int
    public let problem: Problem

    public var message: String {
        let what =
            switch problem {
            case .unreadable: "neither a record nor a head"
            case .altered(let sequence): "record \(sequence) has been altered: its hash is not that of its content"
            case .chainBroken(let sequence): "record \(sequence) does not continue the record before it"
            case .missing(let range): "records \(range.lowerBound) to \(range.upperBound) are missing"
            case .outOfOrder(let sequence): "record \(sequence) is out of order"
            case .wrongHead(let sequence): "the head of record \(sequence) is not that of these records"
            case .wrongCode(let sequence): "the code of the head of record \(sequence) is not the audit key's"
            case .anchorMissed(let sequence): "the records do not contain the anchored head of record \(sequence)"
            }
        return "line \(line): \(what)"
    }
}

/// Follows a chain of records, line by line, and finds the first place where it was tampered with.
///
/// A chain alone shows what was changed in its middle. That nothing is missing at its end is shown by a head whose code
/// verifies, or by an anchor: a head that the host noted at the time.
public struct GrowthVerifier {
    private let auditKey: [UInt8]?
    private let anchor: (sequence: UInt64, hash: Digest)?
    private var line = 0
    private var last: (sequence: UInt64, hash: Digest)?
    private var hasMetAnchor = false
    /// The first record's number; nil before there is one.
    public private(set) var firstSequence: UInt64?
    public private(set) var records: [GrowthRecord] = []
    /// The last head, when no record follows it.
    public private(set) var head: GrowthHead?

    /// - Parameters:
    ///   - auditKey: when given, every head must carry its code.
    ///   - anchor: a head that the records must contain.
    public init(auditKey: [UInt8]? = nil, anchor: (sequence: UInt64, hash: Digest)? = nil) {
        self.auditKey = auditKey
        self.anchor = anchor
    }

    /// Takes the next line; empty ones do not count.
    public mutating func read(_ text: [UInt8]) throws(GrowthFault) {
        line += 1
        guard text.contains(where: { $0 > 0x20 }) else { return }
        guard let object = try? JSONValue(parsing: text).objectValue else { throw fault(.unreadable) }
        if let record = GrowthRecord(object) {
            try follow(record)
        } else if let head = GrowthHead(object) {
            try close(head)
        } else {
            throw fault(.unreadable)
        }
    }

    /// Whether all is well at the end of the file.
    public func finish() throws(GrowthFault) {
        if let anchor, !hasMetAnchor { throw fault(.anchorMissed(sequence: anchor.sequence)) }
    }

    private mutating func follow(_ record: GrowthRecord) throws(GrowthFault) {
        if let last {
            guard record.sequence > last.sequence else { throw fault(.outOfOrder(sequence: record.sequence)) }
            guard record.sequence == last.sequence + 1 else {
                throw fault(.missing((last.sequence + 1)...(record.sequence - 1)))
            }
            guard record.previous == last.hash else { throw fault(.chainBroken(sequence: record.sequence)) }
        }
        guard record.isIntact else { throw fault(.altered(sequence: record.sequence)) }
        if firstSequence == nil { firstSequence = record.sequence }
        last = (record.sequence, record.hash)
        head = nil
        records.append(record)
        try meetAnchor(record.sequence, record.hash)
    }

    private mutating func close(_ head: GrowthHead) throws(GrowthFault) {
        if let auditKey, head.code != head.expectedCode(auditKey) {
            throw fault(.wrongCode(sequence: head.sequence))
        }
        if let last {
            if head.sequence > last.sequence { throw fault(.missing((last.sequence + 1)...head.sequence)) }
            guard head.sequence == last.sequence, head.hash == last.hash else {
                throw fault(.wrongHead(sequence: head.sequence))
            }
        } else {
            // A head alone: nothing to hold it against, but what follows must follow it.
            last = (head.sequence, head.hash)
        }
        self.head = head
        try meetAnchor(head.sequence, head.hash)
    }

    private mutating func meetAnchor(_ sequence: UInt64, _ hash: Digest) throws(GrowthFault) {
        guard let anchor, anchor.sequence == sequence else { return }
        guard anchor.hash == hash else { throw fault(.anchorMissed(sequence: sequence)) }
        hasMetAnchor = true
    }

    private func fault(_ problem: GrowthFault.Problem) -> GrowthFault { GrowthFault(line: line, problem: problem) }
}
