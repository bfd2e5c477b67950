import ModelFormats

/// The forward pass under way: what was asked for, and how far it has come.
struct TransformerPass {
    enum Stage {
        /// Nothing was begun, or the pass was abandoned.
        case idle
        /// The next slice is this layer.
        case layer(Int)
        /// The next slice makes logits.
        case head
        case complete
    }

    /// One token of the batch.
    struct Row {
        let token: TokenID
        let sequence: SequenceID
        let position: Int
    }

    /// Neighbouring tokens of one sequence, whose attention one participant computes.
    struct Span {
        var rows: Range<Int>
        let sequence: SequenceID
        /// Of the first row; the others follow.
        let firstPosition: Int
    }

    /// Tokens of a span at most: enough to use a page of keys and values several times, few enough to share out.
    private static var spanLengthMax: Int { 8 }

    var stage = Stage.idle
    /// The layer that is being computed.
    var layer = 0
    var current = PhaseUnderWay()
    /// In batch order; row i of every buffer belongs to `rows[i]`, and from the last layer's attention on, to row
    /// `logitsRows[i]`.
    private(set) var rows: [Row] = []
    /// All of `rows`.
    private(set) var spans: [Span] = []
    /// The rows that get logits, in batch order.
    private(set) var logitsRows: [Int] = []
    /// Which of `logitsRows` the logits buffer holds.
    var logitsWindow = 0..<0

    init(capacity: TransformerCapacity) {
        rows.reserveCapacity(capacity.batchTokenCount)
        spans.reserveCapacity(capacity.batchTokenCount)
        logitsRows.reserveCapacity(capacity.batchTokenCount)
    }

    var isUnderWay: Bool {
        switch stage {
        case .idle, .complete: false
        case .layer, .head: true
        }
    }

    func contains(_ sequence: SequenceID) -> Bool {
        rows.contains { $0.sequence == sequence }
    }

    /// Forgets the last pass; the arrays keep their storage.
    mutating func removeAll() {
        stage = .idle
        rows.removeAll(keepingCapacity: true)
        spans.removeAll(keepingCapacity: true)
        logitsRows.removeAll(keepingCapacity: true)
        logitsWindow = 0..<0
    }

    mutating func append(_ row: Row, wantsLogits: Bool) {
        if wantsLogits { logitsRows.append(rows.count) }
        if let last = spans.indices.last, spans[last].sequence == row.sequence,
            spans[last].rows.count < Self.spanLengthMax
        {
            spans[last].rows = spans[last].rows.lowerBound..<(rows.count + 1)
        } else {
            spans.append(
                Span(rows: rows.count..<(rows.count + 1), sequence: row.sequence, firstPosition: row.position))
        }
        rows.append(row)
    }
}
