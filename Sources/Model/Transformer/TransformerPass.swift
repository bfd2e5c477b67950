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

    var stage = Stage.idle
    /// In batch order; row i of every buffer belongs to `rows[i]`.
    private(set) var rows: [Row] = []
    /// The rows that get logits, in batch order.
    private(set) var logitsRows: [Int] = []
    /// Which of `logitsRows` the logits buffer holds.
    var logitsWindow = 0..<0

    init(capacity: TransformerCapacity) {
        rows.reserveCapacity(capacity.batchTokenCount)
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
        logitsRows.removeAll(keepingCapacity: true)
        logitsWindow = 0..<0
    }

    mutating func append(_ row: Row, wantsLogits: Bool) {
        if wantsLogits { logitsRows.append(rows.count) }
        rows.append(row)
    }
}
