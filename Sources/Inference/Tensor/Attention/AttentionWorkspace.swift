/// Work space of one worker's attention: for the query heads of a few tokens that share a key-value head, what softmax
/// needs to go over the positions page by page.
public struct AttentionWorkspace: ~Copyable {
    /// The queries, one after the other.
    let queries: AlignedStorage<Float>
    /// For each query, how many positions of the page it sees.
    let counts: AlignedStorage<Int32>
    /// Scores of one page, for as many queries as a kernel takes at once.
    let scores: AlignedStorage<Float>
    /// For each query, the sum of values weighted so far.
    let sums: AlignedStorage<Float>
    /// For each query, the highest score so far and the sum of weights relative to it.
    let states: AlignedStorage<SIMD2<Float>>
    let queryHeadsPerHead: Int
    let headDimension: Int

    /// Tokens whose queries share each reading of keys and values.
    var tokensMax: Int { max(1, Limits.attentionQueries / queryHeadsPerHead) }

    public init(queryHeadsPerHead: Int, headDimension: Int) {
        self.queryHeadsPerHead = queryHeadsPerHead
        self.headDimension = headDimension
        let queryCount = max(queryHeadsPerHead, Limits.attentionQueries)
        queries = AlignedStorage(count: queryCount * headDimension, zero: 0)
        counts = AlignedStorage(count: queryCount, zero: 0)
        scores = AlignedStorage(count: Limits.attentionQueriesAtOnce * KeyValuePages.positionsPerPage, zero: 0)
        sums = AlignedStorage(count: queryCount * headDimension, zero: 0)
        states = AlignedStorage(count: queryCount, zero: .zero)
    }
}
