import ModelFormats

/// What two neighbouring symbols become. Smaller priorities go first; of equal ones, the leftmost.
struct PairMerge {
    var priority: UInt32
    var token: TokenID
}

/// One stretch of text during merging.
struct MergeSymbol: Equatable {
    var start: Int
    /// Zero once the symbol has been merged into its left neighbour.
    var length: Int
    var token: TokenID
    fileprivate var previous = -1
    fileprivate var next = -1

    init(start: Int, length: Int, token: TokenID) {
        self.start = start
        self.length = length
        self.token = token
    }

    static func == (one: MergeSymbol, other: MergeSymbol) -> Bool {
        one.start == other.start && one.length == other.length && one.token == other.token
    }
}

/// The rule by which a tokenizer merges: byte-level BPE by rank, SentencePiece by score.
protocol PairMergeRule {
    func merge(_ left: MergeSymbol, _ right: MergeSymbol) -> PairMerge?
}

/// Merges neighbouring symbols, best pair first, until no pair is left: a linked list of symbols and a heap of
/// candidate pairs, so that n symbols take O(n log n). Reused from word to word for its storage.
struct PairMerger {
    private struct Candidate {
        var priority: UInt32
        var left: Int
        var right: Int
        /// Both symbols' length when the pair was queued. Symbols only grow: a differing sum marks an outdated pair.
        var length: Int
        var token: TokenID

        func precedes(_ other: Candidate) -> Bool {
            priority != other.priority ? priority < other.priority : left < other.left
        }
    }

    private var symbols: [MergeSymbol] = []
    private var heap: [Candidate] = []

    mutating func removeAll() {
        symbols.removeAll(keepingCapacity: true)
        heap.removeAll(keepingCapacity: true)
    }

    /// Adds a symbol at the right end.
    mutating func append(_ symbol: MergeSymbol) {
        var symbol = symbol
        symbol.previous = symbols.count - 1
        if !symbols.isEmpty { symbols[symbols.count - 1].next = symbols.count }
        symbols.append(symbol)
    }

    mutating func merge(by rule: some PairMergeRule) {
        for left in symbols.indices.dropLast() { queue(left, left + 1, rule) }
        while let best = popBest() {
            let left = symbols[best.left]
            let right = symbols[best.right]
            guard left.length > 0, right.length > 0, left.length + right.length == best.length else { continue }
            symbols[best.left].length = best.length
            symbols[best.left].token = best.token
            symbols[best.left].next = right.next
            symbols[best.right].length = 0
            if right.next >= 0 { symbols[right.next].previous = best.left }
            if left.previous >= 0 { queue(left.previous, best.left, rule) }
            if right.next >= 0 { queue(best.left, right.next, rule) }
        }
    }

    /// Calls `body` with the symbols that are left, in order.
    func forEachSymbol<Failure: Error>(_ body: (MergeSymbol) throws(Failure) -> Void) throws(Failure) {
        for symbol in symbols where symbol.length > 0 { try body(symbol) }
    }

    /// The leftmost symbol; it is never merged into another.
    var first: MergeSymbol? { symbols.first }

    /// The symbols that are left and begin before `offset`, and the one after them.
    func symbols(before offset: Int) -> (symbols: [MergeSymbol], next: MergeSymbol?) {
        var before: [MergeSymbol] = []
        for symbol in symbols where symbol.length > 0 {
            guard symbol.start < offset else { return (before, symbol) }
            before.append(symbol)
        }
        return (before, nil)
    }

    private mutating func queue(_ left: Int, _ right: Int, _ rule: some PairMergeRule) {
        guard let merge = rule.merge(symbols[left], symbols[right]) else { return }
        push(
            Candidate(
                priority: merge.priority, left: left, right: right,
                length: symbols[left].length + symbols[right].length, token: merge.token))
    }
}

// MARK: - Binary heap

extension PairMerger {
    private mutating func push(_ candidate: Candidate) {
        heap.append(candidate)
        var child = heap.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard candidate.precedes(heap[parent]) else { break }
            heap[child] = heap[parent]
            child = parent
        }
        heap[child] = candidate
    }

    private mutating func popBest() -> Candidate? {
        guard let last = heap.popLast() else { return nil }
        guard let best = heap.first else { return last }
        var parent = 0
        while true {
            var child = 2 * parent + 1
            guard child < heap.count else { break }
            if child + 1 < heap.count, heap[child + 1].precedes(heap[child]) { child += 1 }
            guard heap[child].precedes(last) else { break }
            heap[parent] = heap[child]
            parent = child
        }
        heap[parent] = last
        return best
    }
}
