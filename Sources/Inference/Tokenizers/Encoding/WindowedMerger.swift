/// Merges a stretch of text of any length in windows, so that memory does not grow with it.
///
/// The result is that of merging all of it at once: a sequence of symbols is what merging ends with if and only if each
/// two neighbours, merged by themselves, stay as they are. (The first merge across a border would happen among the two
/// alone as well, since what is outside of them does not change the order within.) Neighbours in one window's result
/// have that property. So windows overlap, and a window's result is kept up to a border where the next one begins with
/// the very symbol that this one has there.
struct WindowedMerger {
    /// A quarter of a window is merged again in the next one: far more than merges reach back from a window's end.
    private let windowByteCount: Int
    private var merger = PairMerger()

    /// A window's symbols up to the border where the next one begins, until that one agrees.
    private struct Held {
        var start: Int
        var first: MergeSymbol?
        var symbols: [MergeSymbol]
    }

    init(windowByteCount: Int) {
        self.windowByteCount = windowByteCount
    }

    /// Bytes of a window for a vocabulary: many of its longest token.
    static func windowByteCount(_ vocabulary: Vocabulary) -> Int {
        max(16 << 10, 16 * vocabulary.tokenByteCountMax)
    }

    /// Calls `body` with the symbols that `range` ends as, in order. Windows that do not agree, which takes a text made
    /// for it, become one of the whole range.
    ///
    /// - Parameter symbol: the symbol that stands at an offset before any merge.
    mutating func merge(
        _ range: Range<Int>, by rule: some PairMergeRule, into tokens: inout TokenList,
        symbol: (Int) -> MergeSymbol,
        _ body: (MergeSymbol, inout TokenList) throws(TokenLimitExceeded) -> Void
    ) throws(TokenLimitExceeded) {
        let tokenCount = tokens.count
        if try mergeInWindows(range, by: rule, into: &tokens, symbol: symbol, body) { return }
        tokens.removeLast(tokens.count - tokenCount)
        _ = run(from: range.lowerBound, byteCount: range.count, upTo: range.upperBound, by: rule, symbol: symbol)
        try merger.forEachSymbol { (symbol) throws(TokenLimitExceeded) in try body(symbol, &tokens) }
    }

    /// - Returns: false where windows do not agree: what was put out so far does not count.
    private mutating func mergeInWindows(
        _ range: Range<Int>, by rule: some PairMergeRule, into tokens: inout TokenList,
        symbol: (Int) -> MergeSymbol,
        _ body: (MergeSymbol, inout TokenList) throws(TokenLimitExceeded) -> Void
    ) throws(TokenLimitExceeded) -> Bool {
        var start = range.lowerBound
        var byteCount = windowByteCount
        // What the window must begin with, as the one before it has it.
        var first: MergeSymbol?
        var held: Held?
        while true {
            let end = run(from: start, byteCount: byteCount, upTo: range.upperBound, by: rule, symbol: symbol)
            if let expected = first, merger.first != expected {
                // The window before was too short to know its own end.
                guard let before = held.take() else { return false }
                (start, first) = (before.start, before.first)
                byteCount *= 2
                continue
            }
            if let before = held.take() {
                for symbol in before.symbols { try body(symbol, &tokens) }
                byteCount = windowByteCount
            }
            if end == range.upperBound {
                try merger.forEachSymbol { (symbol) throws(TokenLimitExceeded) in try body(symbol, &tokens) }
                return true
            }
            let (symbols, next) = merger.symbols(before: end - (end - start) / 4)
            guard let next, !symbols.isEmpty else {
                byteCount *= 2
                continue
            }
            held = Held(start: start, first: first, symbols: symbols)
            (start, first) = (next.start, next)
        }
    }

    /// Merges one window; returns where it ends.
    private mutating func run(
        from start: Int, byteCount: Int, upTo limit: Int, by rule: some PairMergeRule, symbol: (Int) -> MergeSymbol
    ) -> Int {
        merger.removeAll()
        var end = start
        while end < limit, end - start < byteCount {
            let next = symbol(end)
            merger.append(next)
            end += next.length
        }
        merger.merge(by: rule)
        return end
    }
}
