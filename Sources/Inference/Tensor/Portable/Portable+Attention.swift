extension Portable {
    static func attendPage(
        _ queries: UnsafePointer<Float>, _ queryCount: Int, _ dimension: Int, _ keys: UnsafePointer<UInt16>,
        _ values: UnsafePointer<UInt16>, _ positionCounts: UnsafePointer<Int32>, _ scale: Float,
        _ scores: UnsafeMutablePointer<Float>, _ sums: UnsafeMutablePointer<Float>,
        _ states: UnsafeMutablePointer<SIMD2<Float>>
    ) {
        for query in 0..<queryCount {
            attendPage(
                queries + query * dimension, dimension, keys, values, Int(positionCounts[query]), scale, scores,
                sums + query * dimension, &states[query])
        }
    }

    /// One query.
    private static func attendPage(
        _ query: UnsafePointer<Float>, _ dimension: Int, _ keys: UnsafePointer<UInt16>,
        _ values: UnsafePointer<UInt16>, _ positionCount: Int, _ scale: Float,
        _ scores: UnsafeMutablePointer<Float>, _ sum: UnsafeMutablePointer<Float>, _ state: inout SIMD2<Float>
    ) {
        var highest = state[0]
        for position in 0..<positionCount {
            var score: Float = 0
            for index in 0..<dimension {
                let key = keys[index * KeyValuePages.positionsPerPage + position]
                score += query[index] * HalfPrecision.float(fromBinary16: key)
            }
            scores[position] = score * scale
            highest = max(highest, score * scale)
        }
        let isFirstPage = state[1] == 0
        let correction = isFirstPage ? 0 : Elementary.exponential(state[0] - highest)
        for index in 0..<dimension { sum[index] *= correction }
        var total = state[1] * correction
        for position in 0..<positionCount {
            let weight = Elementary.exponential(scores[position] - highest)
            total += weight
            for index in 0..<dimension {
                sum[index] += weight * HalfPrecision.float(fromBinary16: values[position * dimension + index])
            }
        }
        state = SIMD2(highest, total)
    }
}
