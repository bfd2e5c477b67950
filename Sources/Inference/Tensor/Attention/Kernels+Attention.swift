extension Kernels {
    /// Causal attention of neighbouring tokens of one sequence: query heads over the keys and values of all positions
    /// up to each token's own.
    ///
    /// Softmax is taken in one sweep: each page's weights are relative to the highest score so far, and earlier sums
    /// are corrected when a higher one appears (Milakov and Gimelshein 2018), so no row of scores is ever held.
    ///
    /// Workers may share a batch by rows, by heads, or both, each with a work space of its own.
    ///
    /// - Parameters:
    ///   - queries: one token's query heads a row; `output` gets its result in the same row.
    ///   - rows: the tokens at `firstPosition` and the positions after it.
    ///   - heads: key-value heads; of each, all query heads that share it are computed.
    ///   - pageTable: the sequence's pages, in order of position.
    public func attend(
        queries: borrowing Matrix, rows: Range<Int>, firstPosition: Int, heads: Range<Int>,
        over pages: borrowing KeyValuePages, layer: Int, pageTable: Span<Int32>,
        into output: borrowing Matrix, workspace: borrowing AttentionWorkspace
    ) {
        let (group, dimension) = (workspace.queryHeadsPerHead, workspace.headDimension)
        precondition(dimension == pages.headDimension, "work space of another head size")
        precondition(queries.columns == pages.headCount * group * dimension, "query width differs from the heads'")
        precondition(output.columns == queries.columns, "widths differ")
        precondition(heads.lowerBound >= 0 && heads.upperBound <= pages.headCount, "heads outside the model's")
        precondition(firstPosition >= 0, "positions begin with 0")
        for head in heads {
            var row = rows.lowerBound
            while row < rows.upperBound {
                let tile = row..<min(row + workspace.tokensMax, rows.upperBound)
                attend(
                    queries, tile, firstPosition + row - rows.lowerBound, head, pages, layer, pageTable, output,
                    workspace)
                row = tile.upperBound
            }
        }
    }

    /// As many tokens as share each reading of a page, for one key-value head.
    private func attend(
        _ queries: borrowing Matrix, _ rows: Range<Int>, _ firstPosition: Int, _ head: Int,
        _ pages: borrowing KeyValuePages, _ layer: Int, _ pageTable: Span<Int32>,
        _ output: borrowing Matrix, _ workspace: borrowing AttentionWorkspace
    ) {
        let (group, pageLength) = (workspace.queryHeadsPerHead, KeyValuePages.positionsPerPage)
        // SAFETY: widths were checked; a tile has as many tokens as the work space has room for.
        let width = group * workspace.headDimension
        for row in rows {
            let place = (row - rows.lowerBound) * width
            (workspace.queries.base + place).copy(from: queries.row(row) + head * width, count: width)
            (workspace.sums.base + place).update(repeating: 0, count: width)
        }
        for query in 0..<(rows.count * group) { workspace.states.base[query] = SIMD2(-.infinity, 0) }
        let positionCount = firstPosition + rows.count
        for start in stride(from: 0, to: positionCount, by: pageLength) {
            for query in 0..<(rows.count * group) {
                let visible = firstPosition + query / group + 1 - start
                workspace.counts.base[query] = Int32(max(0, min(visible, pageLength)))
            }
            let page = Int(pageTable[start / pageLength])
            attendPage(
                rows.count * group, pages.keys(layer: layer, page: page, head: head),
                pages.values(layer: layer, page: page, head: head), workspace)
        }
        for row in rows {
            let target = output.row(row) + head * width
            for index in 0..<group {
                let query = (row - rows.lowerBound) * group + index
                let sum = workspace.sums.base + query * workspace.headDimension
                let inverse = 1 / workspace.states.base[query][1]
                for element in 0..<workspace.headDimension {
                    target[index * workspace.headDimension + element] = sum[element] * inverse
                }
            }
        }
    }

    /// Takes one page of positions into the running softmax of queries that share its keys and values.
    private func attendPage(
        _ queryCount: Int, _ keys: UnsafePointer<UInt16>, _ values: UnsafePointer<UInt16>,
        _ workspace: borrowing AttentionWorkspace
    ) {
        let dimension = workspace.headDimension
        let (queries, scores, sums) = (workspace.queries.base, workspace.scores.base, workspace.sums.base)
        let (counts, states) = (workspace.counts.base, workspace.states.base)
        let scale = 1 / Float(dimension).squareRoot()
        table.attendPage(dimension: dimension)(
            queries, queryCount, dimension, keys, values, counts, scale, scores, sums, states)
    }
}
