import Tensor

/// Which sequences are open, how long they are, and which key-value pages are theirs.
///
/// A sequence gets all pages it reserves when it is opened: what was admitted never runs out of memory half-way.
struct SequenceTable: ~Copyable {
    private var sequences: [Sequence]
    /// Page numbers, `pagesPerSequence` for each sequence.
    private var pageTables: [Int32]
    private var freePages: [Int32]
    private let pagesPerSequence: Int

    private struct Sequence {
        var isOpen = false
        var length = 0
        var pageCount = 0
    }

    init(sequenceCount: Int, contextLength: Int, pageCount: Int) {
        sequences = Array(repeating: Sequence(), count: sequenceCount)
        pagesPerSequence = SequenceTable.pages(for: contextLength)
        pageTables = Array(repeating: 0, count: sequenceCount * pagesPerSequence)
        freePages = (0..<pageCount).reversed().map { Int32($0) }
    }

    /// Pages that hold `tokenCount` tokens.
    static func pages(for tokenCount: Int) -> Int {
        (tokenCount + KeyValuePages.positionsPerPage - 1) / KeyValuePages.positionsPerPage
    }

    /// Opens an empty sequence; nil when all are open or too few pages are free.
    mutating func open(reserving tokenCount: Int) -> SequenceID? {
        let pageCount = SequenceTable.pages(for: tokenCount)
        precondition(tokenCount > 0 && pageCount <= pagesPerSequence, "a sequence holds 1...contextLength tokens")
        guard pageCount <= freePages.count, let index = sequences.firstIndex(where: { !$0.isOpen }) else { return nil }
        for page in 0..<pageCount { pageTables[index * pagesPerSequence + page] = freePages.removeLast() }
        sequences[index] = Sequence(isOpen: true, length: 0, pageCount: pageCount)
        return SequenceID(index: index)
    }

    mutating func close(_ sequence: SequenceID) {
        let pageCount = self[sequence].pageCount
        // Popped last, given back first: the free list needs no more room than it had at the start.
        for page in (0..<pageCount).reversed() {
            freePages.append(pageTables[sequence.index * pagesPerSequence + page])
        }
        sequences[sequence.index] = Sequence()
    }

    func length(of sequence: SequenceID) -> Int {
        self[sequence].length
    }

    /// Tokens for which the sequence has pages.
    func capacity(of sequence: SequenceID) -> Int {
        self[sequence].pageCount * KeyValuePages.positionsPerPage
    }

    mutating func setLength(_ length: Int, of sequence: SequenceID) {
        precondition(length >= 0 && length <= capacity(of: sequence), "longer than the sequence reserved")
        sequences[sequence.index].length = length
    }

    /// The sequence's pages in order of position.
    @_lifetime(borrow self)
    func pages(of sequence: SequenceID) -> Span<Int32> {
        let start = sequence.index * pagesPerSequence
        return pageTables.span.extracting(start..<(start + self[sequence].pageCount))
    }

    private subscript(sequence: SequenceID) -> Sequence {
        precondition(sequences.indices.contains(sequence.index), "no such sequence")
        precondition(sequences[sequence.index].isOpen, "the sequence is not open")
        return sequences[sequence.index]
    }
}
