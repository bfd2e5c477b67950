import TensorAVX2
import TensorAVX512

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
        for row in rows {
            attend(
                queries, row, firstPosition + row - rows.lowerBound + 1, heads, pages, layer, pageTable, output,
                workspace)
        }
    }

    /// One token's attention to the first `positionCount` positions.
    private func attend(
        _ queries: borrowing Matrix, _ row: Int, _ positionCount: Int, _ heads: Range<Int>,
        _ pages: borrowing KeyValuePages, _ layer: Int, _ pageTable: Span<Int32>,
        _ output: borrowing Matrix, _ workspace: borrowing AttentionWorkspace
    ) {
        let (group, dimension) = (workspace.queryHeadsPerHead, workspace.headDimension)
        let scale = 1 / Float(dimension).squareRoot()
        for head in heads {
            let firstElement = head * group * dimension
            for query in 0..<group { workspace.states.base[query] = SIMD2(-.infinity, 0) }
            for index in 0..<(group * dimension) { workspace.sums.base[index] = 0 }
            var position = 0
            while position < positionCount {
                let page = Int(pageTable[position / KeyValuePages.positionsPerPage])
                let offset = pages.offset(layer: layer, page: page, head: head)
                attendPage(
                    queries.row(row) + firstElement, pages.keys.base + offset, pages.values.base + offset,
                    min(positionCount - position, KeyValuePages.positionsPerPage), scale, workspace)
                position += KeyValuePages.positionsPerPage
            }
            for query in 0..<group {
                let inverse = 1 / workspace.states.base[query][1]
                for index in (query * dimension)..<((query + 1) * dimension) {
                    output.row(row)[firstElement + index] = workspace.sums.base[index] * inverse
                }
            }
        }
    }

    /// Takes one page of positions into the running softmax of the heads that share its keys and values.
    private func attendPage(
        _ queries: UnsafePointer<Float>, _ keys: UnsafePointer<UInt16>, _ values: UnsafePointer<UInt16>,
        _ positionCount: Int, _ scale: Float, _ workspace: borrowing AttentionWorkspace
    ) {
        let (group, dimension) = (workspace.queryHeadsPerHead, workspace.headDimension)
        let (scores, states) = (workspace.scores.base, workspace.states.base)
        // The vector kernels work on whole registers; no published model has other head sizes.
        if instructionSet == .avx512, dimension % 16 == 0 {
            return attendPageAVX512(
                queries, group, dimension, keys, values, positionCount, scale, scores, workspace.sums.base, states)
        }
        if instructionSet != .portable, dimension % 8 == 0 {
            return attendPageAVX2(
                queries, group, dimension, keys, values, positionCount, scale, scores, workspace.sums.base, states)
        }
        for query in 0..<group {
            var highest = states[query][0]
            for position in 0..<positionCount {
                var score: Float = 0
                for index in 0..<dimension {
                    let key = keys[index * KeyValuePages.positionsPerPage + position]
                    score += queries[query * dimension + index] * HalfPrecision.float(fromBinary16: key)
                }
                scores[position] = score * scale
                highest = max(highest, score * scale)
            }
            let isFirstPage = states[query][1] == 0
            let correction = isFirstPage ? 0 : Elementary.exponential(states[query][0] - highest)
            let sum = workspace.sums.base + query * dimension
            for index in 0..<dimension { sum[index] *= correction }
            var total = states[query][1] * correction
            for position in 0..<positionCount {
                let weight = Elementary.exponential(scores[position] - highest)
                total += weight
                for index in 0..<dimension {
                    sum[index] += weight * HalfPrecision.float(fromBinary16: values[position * dimension + index])
                }
            }
            states[query] = SIMD2(highest, total)
        }
    }
}
