/// Cosines and sines of a batch's positions for rotary position embedding (Su et al. 2021), made once a pass.
public struct RotaryTable: ~Copyable {
    /// How many of a head's elements are rotated.
    public let dimensionCount: Int
    private let frequencies: [Double]
    private let cosines: AlignedStorage<Float>
    private let sines: AlignedStorage<Float>
    private let capacity: Int

    /// Which elements of a head make a pair.
    public enum Pairing: Sendable {
        /// Elements 2i and 2i + 1.
        case interleaved
        /// Elements i and i + dimensionCount / 2.
        case halves
    }

    /// - Parameters:
    ///   - capacity: the most tokens of a batch.
    ///   - frequencies: radians that each pair turns from one position to the next.
    public init(capacity: Int, frequencies: [Double]) {
        self.capacity = capacity
        self.frequencies = frequencies
        dimensionCount = 2 * frequencies.count
        cosines = AlignedStorage(count: capacity * frequencies.count, zero: 0)
        sines = AlignedStorage(count: capacity * frequencies.count, zero: 0)
    }

    /// Bytes of working memory for a table of this size.
    public static func byteCount(capacity: Int, dimensionCount: Int) -> Int {
        capacity * dimensionCount * MemoryLayout<Float>.stride
    }

    /// Prepares row `row` for the token at `position`.
    public mutating func setPosition(_ position: Int, row: Int) {
        precondition(row >= 0 && row < capacity, "row outside the table")
        let start = row * frequencies.count
        for pair in 0..<frequencies.count {
            let (sine, cosine) = Elementary.sineAndCosine(Double(position) * frequencies[pair])
            cosines.base[start + pair] = Float(cosine)
            sines.base[start + pair] = Float(sine)
        }
    }

    /// Rotates all heads of a range of rows, each by its row's position. Workers may share the rows.
    public func rotate(_ heads: borrowing Matrix, rows: Range<Int>, headDimension: Int, pairing: Pairing) {
        precondition(heads.columns % headDimension == 0 && dimensionCount <= headDimension, "heads of another size")
        precondition(rows.lowerBound >= 0 && rows.upperBound <= capacity, "more rows than the table has")
        let pairCount = frequencies.count
        let (step, distance) = pairing == .interleaved ? (2, 1) : (1, pairCount)
        for row in rows {
            let (cosine, sine) = (cosines.base + row * pairCount, sines.base + row * pairCount)
            for start in stride(from: 0, to: heads.columns, by: headDimension) {
                let head = heads.row(row) + start
                for pair in 0..<pairCount {
                    let (x, y) = (head[pair * step], head[pair * step + distance])
                    head[pair * step] = x * cosine[pair] - y * sine[pair]
                    head[pair * step + distance] = x * sine[pair] + y * cosine[pair]
                }
            }
        }
    }
}
