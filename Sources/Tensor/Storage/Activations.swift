/// The input of matrix multiplications: a matrix of floats, one token a row, and its 8-bit form.
///
/// Quantizing happens once an input and serves every weight matrix that multiplies it. Each block of 32 columns gets a
/// scale of its own, so an element is about `scale * code`, with codes in -127...127.
///
/// A language model's activations have a few channels far larger than the rest, and a block with such a channel rounds
/// its other elements coarsely: four of SmolLM2's 18 blocks carry three quarters of the rounding error's power. So each
/// row's blocks with the largest scales are *refined*: what rounding left of them is quantized once more, and
/// multiplied by the same weights as if it were further blocks.
public struct Activations: ~Copyable {
    /// The floats; one row a token.
    public internal(set) var values: Matrix
    let blocksPerRow: Int
    let codes: AlignedStorage<Int8>
    /// For each block of 32 columns: its scale, the sum of its quantized elements, and that of each half of it. The
    /// sums turn a weight group's minimum into one multiplication.
    let records: AlignedStorage<SIMD4<Float>>
    /// A multiple of 4.
    let refinementsPerRow: Int
    /// Which blocks are refined, ascending; where a row has fewer blocks, the rest repeat block 0 with zeros for codes.
    let refinedBlocks: AlignedStorage<Int32>
    let refinedCodes: AlignedStorage<Int8>
    let refinedRecords: AlignedStorage<SIMD4<Float>>

    /// - Parameter columns: where it is not a multiple of 32, no quantized format has rows of that length, and only the
    ///   floats are kept.
    public init(capacity: Int, columns: Int) {
        values = Matrix(capacity: capacity, columns: columns)
        blocksPerRow = Activations.blocksPerRow(columns: columns)
        codes = AlignedStorage(count: capacity * blocksPerRow * Limits.activationBlockColumns, zero: 0)
        records = AlignedStorage(count: capacity * blocksPerRow, zero: .zero)
        refinementsPerRow = Activations.refinementsPerRow(columns: columns)
        refinedBlocks = AlignedStorage(count: capacity * refinementsPerRow, zero: 0)
        refinedCodes = AlignedStorage(count: capacity * refinementsPerRow * Limits.activationBlockColumns, zero: 0)
        refinedRecords = AlignedStorage(count: capacity * refinementsPerRow, zero: .zero)
    }

    /// Rows in use; `0...capacity`.
    public var rows: Int {
        get { values.rows }
        set { values.rows = newValue }
    }

    /// Lends the floats of row `index`. What is changed counts once it is quantized.
    public mutating func withRow<Result>(_ index: Int, _ body: (inout MutableSpan<Float>) -> Result) -> Result {
        values.withRow(index, body)
    }

    /// Bytes that activations of this size take.
    public static func byteCount(capacity: Int, columns: Int) -> Int {
        let blockBytes = Limits.activationBlockColumns + MemoryLayout<SIMD4<Float>>.stride
        let refinementBytes = blockBytes + MemoryLayout<Int32>.stride
        return Matrix.byteCount(capacity: capacity, columns: columns)
            + capacity * blocksPerRow(columns: columns) * blockBytes
            + capacity * refinementsPerRow(columns: columns) * refinementBytes
    }

    private static func blocksPerRow(columns: Int) -> Int {
        columns % Limits.activationBlockColumns == 0 ? columns / Limits.activationBlockColumns : 0
    }

    private static func refinementsPerRow(columns: Int) -> Int {
        let blocks = blocksPerRow(columns: columns)
        return blocks == 0 ? 0 : blocks < Limits.wideRowBlocks ? Limits.refinements : Limits.refinementsOfWideRow
    }

    func codes(ofRow row: Int) -> UnsafeMutablePointer<Int8> {
        codes.base + row * blocksPerRow * Limits.activationBlockColumns
    }

    func records(ofRow row: Int) -> UnsafeMutablePointer<SIMD4<Float>> {
        records.base + row * blocksPerRow
    }

    func refinedBlocks(ofRow row: Int) -> UnsafeMutablePointer<Int32> {
        refinedBlocks.base + row * refinementsPerRow
    }

    func refinedCodes(ofRow row: Int) -> UnsafeMutablePointer<Int8> {
        refinedCodes.base + row * refinementsPerRow * Limits.activationBlockColumns
    }

    func refinedRecords(ofRow row: Int) -> UnsafeMutablePointer<SIMD4<Float>> {
        refinedRecords.base + row * refinementsPerRow
    }
}
