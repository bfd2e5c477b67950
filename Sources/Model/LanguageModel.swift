/// A token of a model's vocabulary. Ids come from tokenizers and clients alike: check against `vocabularySize`.
public typealias TokenID = Int32

/// Names one sequence (one KV cache) inside a `LanguageModel`.
public struct SequenceID: Hashable, Sendable {
    public let index: Int
    public init(index: Int) { self.index = index }
}

/// What a forward pass is asked to compute: new tokens of one or more sequences, each appended at its sequence's end.
public struct Batch: Sendable {
    /// Which of an entry's positions get a row of logits.
    public enum LogitsWanted: Sendable {
        case none
        case last
        case all
    }

    public struct Entry: Sendable {
        public var sequence: SequenceID
        /// The entry's tokens, as indices into `Batch.tokens`; not empty.
        public var tokens: Range<Int>
        public var logits: LogitsWanted

        public init(sequence: SequenceID, tokens: Range<Int>, logits: LogitsWanted) {
            self.sequence = sequence
            self.tokens = tokens
            self.logits = logits
        }
    }

    public private(set) var tokens: [TokenID] = []
    public private(set) var entries: [Entry] = []

    public init() {}

    public var isEmpty: Bool { entries.isEmpty }

    /// Adds `newTokens` (not empty) to the end of `sequence`. A sequence appears at most once in a batch.
    public mutating func append(_ newTokens: some Collection<TokenID>, to sequence: SequenceID, logits: LogitsWanted) {
        let start = tokens.count
        tokens.append(contentsOf: newTokens)
        entries.append(Entry(sequence: sequence, tokens: start..<tokens.count, logits: logits))
    }

    /// Empties the batch and keeps its storage: a batch is reused for every step.
    public mutating func removeAll() {
        tokens.removeAll(keepingCapacity: true)
        entries.removeAll(keepingCapacity: true)
    }
}

/// A transformer as its callers see it: sequences with a KV cache, and forward passes cut into slices.
///
/// A pass is begun with a batch and advanced slice by slice (about one layer each), so that whoever drives the model
/// can look at the network in between and never waits longer than a layer takes. One pass is under way at most.
public protocol LanguageModel: ~Copyable {
    /// Rows of the output head: every valid token id is in `0..<vocabularySize`.
    var vocabularySize: Int { get }
    /// The most tokens one sequence can hold.
    var contextLength: Int { get }
    /// The most tokens one batch may hold.
    var batchCapacity: Int { get }

    /// Opens an empty sequence with room for `tokenCount` tokens (1...`contextLength`); nil when the KV pool has none.
    mutating func openSequence(reserving tokenCount: Int) -> SequenceID?
    /// Frees a sequence's KV memory. A sequence that takes part in the pass under way may be closed only after
    /// `abandon`.
    mutating func closeSequence(_ sequence: SequenceID)
    /// The number of tokens whose keys and values are cached.
    func length(of sequence: SequenceID) -> Int
    /// Forgets all but the first `length` tokens.
    mutating func truncate(_ sequence: SequenceID, to length: Int)

    /// Starts a pass. Each entry's tokens must fit what its sequence reserved, and all tokens the batch capacity.
    mutating func begin(_ batch: Batch)
    /// Runs the next slice of the pass; true once the pass is complete and its logits may be read.
    mutating func advance() -> Bool
    /// Drops the pass under way: its sequences keep the length they had before it.
    mutating func abandon()
    /// Rows of logits that the completed pass made, in batch order (`last`: one row an entry; `all`: one row a token).
    var logitsRowCount: Int { get }
    /// Lends row `row`'s `vocabularySize` logits. The storage is the model's own and is overwritten by the next pass.
    mutating func withLogits<Result>(row: Int, _ body: (inout MutableSpan<Float>) -> Result) -> Result
}
