import ModelFormats
import Transformer

/// What a fake model saw and holds. The engine owns the model; tests look at it through this.
package final class ModelJournal {
    package init() {}

    package struct Pass {
        package var entries: [(sequence: SequenceID, tokens: [TokenID])]
        package var wasAbandoned = false
    }

    package struct Sequence {
        package var pages: [KVPage]
        package var length: Int
        package let reserved: Int
    }

    package var passes: [Pass] = []
    package var sequences: [SequenceID: Sequence] = [:]
    /// What each page holds: tokens instead of keys and values.
    package var pageTokens: [[TokenID]] = []
    package var holderCounts: [Int] = []
    /// Broken rules of the `LanguageModel` protocol.
    package var violations: [String] = []

    package var completedPasses: [Pass] { passes.filter { !$0.wasAbandoned } }
    package var freePages: [Int] = []
    package var freePageCount: Int { freePages.count }
    /// All tokens that completed passes have computed.
    package var computedTokenCount: Int {
        completedPasses.reduce(0) { $0 + $1.entries.reduce(0) { $0 + $1.tokens.count } }
    }

    /// The tokens of a sequence, read from its pages.
    package func tokens(of sequence: SequenceID) -> [TokenID] {
        guard let sequence = sequences[sequence] else { return [] }
        return Array(sequence.pages.flatMap { pageTokens[$0.index] }.prefix(sequence.length))
    }
}

/// A language model that follows a rule: the likeliest next token is `rule(tokens so far)`, with a few runners-up.
package struct FakeModel: LanguageModel, ~Copyable {
    package var vocabularySize = FakeVocabulary.size
    package var contextLength = 512
    package var batchCapacity = 64
    /// Calls of `advance` that a pass takes.
    package var slicesPerPass = 4
    /// Calls more for each token.
    package var slicesPerToken = 0
    package var tokensPerPage = 8
    /// Tokens that fit into all pages.
    package var poolTokens = 4_096 {
        didSet { makePages() }
    }
    package let journal: ModelJournal
    package let rule: ([TokenID]) -> TokenID

    private var batch = Batch()
    private var slicesLeft: Int?
    private var rows: [[Float]] = []
    private var nextSequence = 0

    package init(journal: ModelJournal = ModelJournal(), rule: @escaping ([TokenID]) -> TokenID) {
        self.journal = journal
        self.rule = rule
        makePages()
    }

    private func makePages() {
        journal.pageTokens = Array(repeating: Array(repeating: -1, count: tokensPerPage), count: pageCount)
        journal.holderCounts = Array(repeating: 0, count: pageCount)
        journal.freePages = Array((0..<pageCount).reversed())
    }

    package var pageCount: Int { poolTokens / tokensPerPage }
    package var freePageCount: Int { journal.freePageCount }

    package mutating func openSequence(reserving tokenCount: Int, sharing prefix: KVPrefix) -> SequenceID? {
        expect((1...contextLength).contains(tokenCount), "reservation of \(tokenCount)")
        expect(prefix.tokenCount < tokenCount, "a prefix of \(prefix.tokenCount) for \(tokenCount) tokens")
        let pages = (tokenCount + tokensPerPage - 1) / tokensPerPage
        let sharedCount = prefix.tokenCount / tokensPerPage
        guard pages - sharedCount <= freePageCount else { return nil }
        for page in prefix.pages { expect(journal.holderCounts[page.index] > 0, "a free page was shared") }
        let sequence = SequenceID(index: nextSequence)
        nextSequence += 1
        var own = Array(prefix.pages[..<sharedCount])
        for page in own { retain(page) }
        while own.count < pages, let free = journal.freePages.popLast() {
            journal.holderCounts[free] = 1
            own.append(KVPage(index: free))
        }
        if sharedCount < prefix.pages.count {
            journal.pageTokens[own[sharedCount].index] = journal.pageTokens[prefix.pages[sharedCount].index]
        }
        journal.sequences[sequence] = .init(pages: own, length: prefix.tokenCount, reserved: tokenCount)
        return sequence
    }

    package mutating func closeSequence(_ sequence: SequenceID) {
        let isInPass = slicesLeft != nil && batch.entries.contains { $0.sequence == sequence }
        expect(!isInPass, "a sequence of the pass under way was closed")
        guard let closed = journal.sequences.removeValue(forKey: sequence) else {
            return expect(false, "an unknown sequence was closed")
        }
        for page in closed.pages { release(page) }
    }

    package func length(of sequence: SequenceID) -> Int { journal.sequences[sequence]?.length ?? 0 }

    package mutating func truncate(_ sequence: SequenceID, to length: Int) {
        expect(length <= self.length(of: sequence), "a sequence was truncated to more than it had")
        journal.sequences[sequence]?.length = length
    }

    package func page(_ index: Int, of sequence: SequenceID) -> KVPage { journal.sequences[sequence]!.pages[index] }
    package mutating func retain(_ page: KVPage) {
        expect(journal.holderCounts[page.index] > 0, "a free page was retained")
        journal.holderCounts[page.index] += 1
    }
    package mutating func release(_ page: KVPage) {
        expect(journal.holderCounts[page.index] > 0, "a free page was released")
        journal.holderCounts[page.index] -= 1
        if journal.holderCounts[page.index] == 0 { journal.freePages.append(page.index) }
    }
    package func isShared(_ page: KVPage) -> Bool { journal.holderCounts[page.index] > 1 }

    package mutating func begin(_ batch: Batch) {
        expect(slicesLeft == nil, "a pass was begun during another")
        expect(!batch.isEmpty && batch.tokens.count <= batchCapacity, "a batch of \(batch.tokens.count) tokens")
        self.batch = batch
        slicesLeft = slicesPerPass + slicesPerToken * batch.tokens.count
        journal.passes.append(.init(entries: batch.entries.map { ($0.sequence, Array(batch.tokens[$0.tokens])) }))
    }

    package mutating func advance() -> Bool {
        guard let left = slicesLeft else {
            expect(false, "advance without a pass")
            return true
        }
        slicesLeft = left - 1
        guard left == 1 else { return false }
        slicesLeft = nil
        completePass()
        return true
    }

    private mutating func completePass() {
        rows.removeAll()
        for entry in batch.entries {
            for index in entry.tokens {
                append(batch.tokens[index], to: entry.sequence)
                let isLast = index == entry.tokens.upperBound - 1
                switch entry.logits {
                case .none: continue
                case .last where !isLast: continue
                default: rows.append(logits(after: journal.tokens(of: entry.sequence)))
                }
            }
        }
    }

    private func append(_ token: TokenID, to sequence: SequenceID) {
        guard let open = journal.sequences[sequence] else { return expect(false, "an unknown sequence in a pass") }
        guard open.length < open.reserved else { return expect(false, "a sequence outgrew its reservation") }
        let page = open.pages[open.length / tokensPerPage]
        journal.pageTokens[page.index][open.length % tokensPerPage] = token
        journal.sequences[sequence]?.length += 1
    }

    /// 8 for the rule's token, 7 for its successor, 6 for the one after, and 0 for the rest.
    private func logits(after tokens: [TokenID]) -> [Float] {
        var row = [Float](repeating: 0, count: vocabularySize)
        let next = Int(rule(tokens))
        for rank in 0..<3 { row[(next + rank) % vocabularySize] = 8 - Float(rank) }
        return row
    }

    package mutating func abandon() {
        expect(slicesLeft != nil, "abandon without a pass")
        slicesLeft = nil
        journal.passes[journal.passes.count - 1].wasAbandoned = true
    }

    package var logitsRowCount: Int { rows.count }

    package mutating func withLogits<Result>(row: Int, _ body: (inout MutableSpan<Float>) -> Result) -> Result {
        var span = rows[row].mutableSpan
        return body(&span)
    }

    private func expect(_ condition: Bool, _ violation: String) {
        if !condition { journal.violations.append(violation) }
    }
}

/// A byte-level vocabulary: tokens 0..<256 are the bytes, then come a few special ones.
package enum FakeVocabulary {
    package static let endOfText: TokenID = 256
    package static let size = 260

    package static func tokens(_ text: String) -> [TokenID] { text.utf8.map { TokenID($0) } }
}

/// Rules for fake models.
package enum Rule {
    /// Replies `script`, which has no line feed, after the last line feed of the prompt, then ends.
    package static func script(_ script: String) -> ([TokenID]) -> TokenID {
        let reply = FakeVocabulary.tokens(script)
        return { tokens in
            let start = (tokens.lastIndex(of: 10) ?? -1) + 1
            let position = tokens.count - start
            return position < reply.count ? reply[position] : FakeVocabulary.endOfText
        }
    }

    /// Counts through the alphabet for ever.
    package static func alphabet(_ tokens: [TokenID]) -> TokenID {
        guard let last = tokens.last, (97..<122).contains(last) else { return 97 }
        return last + 1
    }
}
