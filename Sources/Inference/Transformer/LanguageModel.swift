import ModelFormats

/// Names one sequence (one KV cache) inside a `LanguageModel`.
public struct SequenceID: Hashable, Sendable {
    public let index: Int
    public init(index: Int) { self.index = index }
}

/// A page of KV memory: the keys and values of `tokensPerPage` consecutive tokens, in all layers. Several sequences may
/// hold the same page, and so may others who `retain` it.
public struct KVPage: Hashable, Sendable {
    public let index: Int
    public init(index: Int) { self.index = index }
}

/// The beginning of a sequence whose keys and values exist already: the first `tokenCount` tokens of `pages`, which are
/// as many as it takes to hold them.
public struct KVPrefix: Sendable {
    public private(set) var pages: [KVPage] = []
    public private(set) var tokenCount = 0

    public init() {}

    /// Adds the first `tokenCount` tokens of `page`. Only the last page of a prefix may be less than full.
    public mutating func append(_ page: KVPage, tokenCount: Int) {
        pages.append(page)
        self.tokenCount += tokenCount
    }

    /// Takes the last page back, which holds `tokenCount` of the prefix's tokens.
    public mutating func removeLast(tokenCount: Int) {
        pages.removeLast()
        self.tokenCount -= tokenCount
    }

    /// Empties the prefix and keeps its storage.
    public mutating func removeAll() {
        pages.removeAll(keepingCapacity: true)
        tokenCount = 0
    }
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

    /// Opens a sequence with room for `tokenCount` tokens (1...`contextLength`) that begins with `prefix` (fewer
    /// tokens, whose pages somebody holds); nil when too few pages are free.
    ///
    /// The prefix's full pages are shared. A last page that is not full is copied, because the sequence will write to
    /// it.
    mutating func openSequence(reserving tokenCount: Int, sharing prefix: KVPrefix) -> SequenceID?
    /// Lets go of a sequence's pages: those that nobody else holds are free. A sequence that takes part in the pass
    /// under way may be closed only after `abandon`.
    mutating func closeSequence(_ sequence: SequenceID)
    /// The number of tokens whose keys and values are cached.
    func length(of sequence: SequenceID) -> Int
    /// Forgets all but the first `length` tokens. The tokens forgotten must be in pages that nobody else relies on.
    mutating func truncate(_ sequence: SequenceID, to length: Int)

    /// Tokens of a page of KV memory.
    var tokensPerPage: Int { get }
    var pageCount: Int { get }
    /// Pages that nobody holds.
    var freePageCount: Int { get }
    /// The page with tokens `index * tokensPerPage` and following of a sequence, within its reservation.
    func page(_ index: Int, of sequence: SequenceID) -> KVPage
    /// Holds a page that somebody holds already, so that it outlives its sequences; balanced by `release`.
    mutating func retain(_ page: KVPage)
    mutating func release(_ page: KVPage)
    /// Whether more than one sequence or other holder has the page.
    func isShared(_ page: KVPage) -> Bool

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

extension LanguageModel where Self: ~Copyable {
    /// Opens an empty sequence with room for `tokenCount` tokens.
    public mutating func openSequence(reserving tokenCount: Int) -> SequenceID? {
        openSequence(reserving: tokenCount, sharing: KVPrefix())
    }
}
