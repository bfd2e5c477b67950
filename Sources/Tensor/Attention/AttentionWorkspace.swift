/// Work space of one worker's attention: for the query heads that share a key-value head, what softmax needs to go over
/// the positions page by page.
public struct AttentionWorkspace: ~Copyable {
    /// Scores of one page.
    let scores: AlignedStorage<Float>
    /// For each query head, the sum of values weighted so far.
    let sums: AlignedStorage<Float>
    /// For each query head, the highest score so far and the sum of weights relative to it.
    let states: AlignedStorage<SIMD2<Float>>
    let queryHeadsPerHead: Int
    let headDimension: Int

    public init(queryHeadsPerHead: Int, headDimension: Int) {
        self.queryHeadsPerHead = queryHeadsPerHead
        self.headDimension = headDimension
        scores = AlignedStorage(count: KeyValuePages.positionsPerPage, zero: 0)
        sums = AlignedStorage(count: queryHeadsPerHead * headDimension, zero: 0)
        states = AlignedStorage(count: queryHeadsPerHead, zero: .zero)
    }
}
