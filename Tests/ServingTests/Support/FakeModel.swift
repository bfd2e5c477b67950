import Model

/// What a fake model saw and holds. The engine owns the model; tests look at it through this.
final class ModelJournal {
    struct Pass {
        var entries: [(sequence: SequenceID, tokens: [TokenID])]
        var wasAbandoned = false
    }

    var passes: [Pass] = []
    /// The tokens of every open sequence.
    var sequences: [SequenceID: [TokenID]] = [:]
    var reservations: [SequenceID: Int] = [:]
    /// Broken rules of the `LanguageModel` protocol.
    var violations: [String] = []

    var completedPasses: [Pass] { passes.filter { !$0.wasAbandoned } }
}

/// A language model that follows a rule: the likeliest next token is `rule(tokens so far)`, with a few runners-up.
struct FakeModel: LanguageModel, ~Copyable {
    var vocabularySize = FakeVocabulary.size
    var contextLength = 512
    var batchCapacity = 64
    /// Calls of `advance` that a pass takes.
    var slicesPerPass = 4
    /// Calls more for each token.
    var slicesPerToken = 0
    /// Tokens that all reservations together may have.
    var poolTokens = 4_096
    let journal: ModelJournal
    let rule: ([TokenID]) -> TokenID

    private var batch = Batch()
    private var slicesLeft: Int?
    private var rows: [[Float]] = []
    private var nextSequence = 0

    init(journal: ModelJournal = ModelJournal(), rule: @escaping ([TokenID]) -> TokenID) {
        self.journal = journal
        self.rule = rule
    }

    mutating func openSequence(reserving tokenCount: Int) -> SequenceID? {
        expect((1...contextLength).contains(tokenCount), "reservation of \(tokenCount)")
        guard journal.reservations.values.reduce(0, +) + tokenCount <= poolTokens else { return nil }
        let sequence = SequenceID(index: nextSequence)
        nextSequence += 1
        journal.sequences[sequence] = []
        journal.reservations[sequence] = tokenCount
        return sequence
    }

    mutating func closeSequence(_ sequence: SequenceID) {
        let isInPass = slicesLeft != nil && batch.entries.contains { $0.sequence == sequence }
        expect(!isInPass, "a sequence of the pass under way was closed")
        expect(journal.sequences.removeValue(forKey: sequence) != nil, "an unknown sequence was closed")
        journal.reservations[sequence] = nil
    }

    func length(of sequence: SequenceID) -> Int { journal.sequences[sequence]?.count ?? 0 }

    mutating func truncate(_ sequence: SequenceID, to length: Int) {
        journal.sequences[sequence]?.removeSubrange(length...)
    }

    mutating func begin(_ batch: Batch) {
        expect(slicesLeft == nil, "a pass was begun during another")
        expect(!batch.isEmpty && batch.tokens.count <= batchCapacity, "a batch of \(batch.tokens.count) tokens")
        self.batch = batch
        slicesLeft = slicesPerPass + slicesPerToken * batch.tokens.count
        journal.passes.append(.init(entries: batch.entries.map { ($0.sequence, Array(batch.tokens[$0.tokens])) }))
    }

    mutating func advance() -> Bool {
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
                journal.sequences[entry.sequence]?.append(batch.tokens[index])
                let isLast = index == entry.tokens.upperBound - 1
                switch entry.logits {
                case .none: continue
                case .last where !isLast: continue
                default: rows.append(logits(after: journal.sequences[entry.sequence] ?? []))
                }
            }
            let length = journal.sequences[entry.sequence]?.count ?? 0
            expect(length <= journal.reservations[entry.sequence] ?? 0, "a sequence outgrew its reservation")
        }
    }

    /// 8 for the rule's token, 7 for its successor, 6 for the one after, and 0 for the rest.
    private func logits(after tokens: [TokenID]) -> [Float] {
        var row = [Float](repeating: 0, count: vocabularySize)
        let next = Int(rule(tokens))
        for rank in 0..<3 { row[(next + rank) % vocabularySize] = 8 - Float(rank) }
        return row
    }

    mutating func abandon() {
        expect(slicesLeft != nil, "abandon without a pass")
        slicesLeft = nil
        journal.passes[journal.passes.count - 1].wasAbandoned = true
    }

    var logitsRowCount: Int { rows.count }

    mutating func withLogits<Result>(row: Int, _ body: (inout MutableSpan<Float>) -> Result) -> Result {
        var span = rows[row].mutableSpan
        return body(&span)
    }

    private func expect(_ condition: Bool, _ violation: String) {
        if !condition { journal.violations.append(violation) }
    }
}

/// A byte-level vocabulary: tokens 0..<256 are the bytes, then come a few special ones.
enum FakeVocabulary {
    static let endOfText: TokenID = 256
    static let size = 260

    static func tokens(_ text: String) -> [TokenID] { text.utf8.map { TokenID($0) } }
}

/// Rules for fake models.
enum Rule {
    /// Replies `script`, which has no line feed, after the last line feed of the prompt, then ends.
    static func script(_ script: String) -> ([TokenID]) -> TokenID {
        let reply = FakeVocabulary.tokens(script)
        return { tokens in
            let start = (tokens.lastIndex(of: 10) ?? -1) + 1
            let position = tokens.count - start
            return position < reply.count ? reply[position] : FakeVocabulary.endOfText
        }
    }

    /// Counts through the alphabet for ever.
    static func alphabet(_ tokens: [TokenID]) -> TokenID {
        guard let last = tokens.last, (97..<122).contains(last) else { return 97 }
        return last + 1
    }
}
