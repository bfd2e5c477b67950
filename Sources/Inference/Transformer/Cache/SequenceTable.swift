import Tensor

/// Which sequences are open, how long they are, and which key-value pages are theirs.
///
/// A sequence gets all pages it reserves when it is opened: what was admitted never runs out of memory half-way. Pages
/// are counted by their holders, which are sequences and whoever has retained them; one that nobody holds is free.
struct SequenceTable: ~Copyable {
    private var sequences: [Sequence]
    /// Page numbers, `pagesPerSequence` for each sequence.
    private var pageTables: [Int32]
    private var freePages: [Int32]
    private var holderCounts: [Int32]
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
        holderCounts = Array(repeating: 0, count: pageCount)
    }

    /// Pages that hold `tokenCount` tokens.
    static func pages(for tokenCount: Int) -> Int {
        (tokenCount + KeyValuePages.positionsPerPage - 1) / KeyValuePages.positionsPerPage
    }

    /// Opens a sequence that shares the full pages of `prefix`; nil when all are open or too few pages are free.
    mutating func open(reserving tokenCount: Int, sharing prefix: KVPrefix) -> SequenceID? {
        let pageCount = SequenceTable.pages(for: tokenCount)
        precondition(tokenCount > 0 && pageCount <= pagesPerSequence, "a sequence holds 1...contextLength tokens")
        precondition(prefix.tokenCount < tokenCount, "a prefix is shorter than its sequence")
        precondition(prefix.pages.count == SequenceTable.pages(for: prefix.tokenCount), "a prefix fills its pages")
        let sharedCount = prefix.tokenCount / KeyValuePages.positionsPerPage
        guard pageCount - sharedCount <= freePages.count, let index = sequences.firstIndex(where: { !$0.isOpen }) else {
            return nil
        }
        for page in 0..<pageCount {
            let chosen = page < sharedCount ? Int32(prefix.pages[page].index) : freePages.removeLast()
            pageTables[index * pagesPerSequence + page] = chosen
            holderCounts[Int(chosen)] += 1
            precondition(page >= sharedCount || holderCounts[Int(chosen)] > 1, "a shared page has a holder")
        }
        sequences[index] = Sequence(isOpen: true, length: prefix.tokenCount, pageCount: pageCount)
        return SequenceID(index: index)
    }

    mutating func close(_ sequence: SequenceID) {
        let pageCount = self[sequence].pageCount
        // Popped last, given back first: neighbours stay neighbours.
        for page in (0..<pageCount).reversed() {
            release(KVPage(index: Int(pageTables[sequence.index * pagesPerSequence + page])))
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

    func page(_ index: Int, of sequence: SequenceID) -> KVPage {
        precondition(index >= 0 && index < self[sequence].pageCount, "a page outside the reservation")
        return KVPage(index: Int(pageTables[sequence.index * pagesPerSequence + index]))
    }

    private subscript(sequence: SequenceID) -> Sequence {
        precondition(sequences.indices.contains(sequence.index), "no such sequence")
        precondition(sequences[sequence.index].isOpen, "the sequence is not open")
        return sequences[sequence.index]
    }
}

// MARK: - Holders

extension SequenceTable {
    var freePageCount: Int { freePages.count }

    mutating func retain(_ page: KVPage) {
        precondition(holderCounts[page.index] > 0, "a free page cannot be retained")
        holderCounts[page.index] += 1
    }

    mutating func release(_ page: KVPage) {
        precondition(holderCounts[page.index] > 0, "nobody holds the page")
        holderCounts[page.index] -= 1
        // The list never grows beyond its size at the start: no page is in it twice.
        if holderCounts[page.index] == 0 { freePages.append(Int32(page.index)) }
    }

    func isShared(_ page: KVPage) -> Bool { holderCounts[page.index] > 1 }
}
