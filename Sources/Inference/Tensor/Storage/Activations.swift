import CIntrinsics

/// The input of matrix multiplications: a matrix of floats, one token a row, and its 8-bit form.
///
/// Quantizing happens once an input and serves every weight matrix that multiplies it. Each block of 32 columns gets a
/// scale of its own, so an element is about `scale * code`, with codes in -127...127.
///
/// A language model's activations have a few elements far larger than the rest, and a block with such an element would
/// round its others coarsely. So the largest elements of each row, its *outliers*, are multiplied apart, unrounded, and
/// count as zero where codes are made (Dettmers et al. 2022, "LLM.int8()").
///
/// The 8-bit form lies in tiles of 1, 2, 4 or 8 tokens, whose codes alternate four columns at a time: one stream for
/// the kernels that multiply a tile at once.
public struct Activations: ~Copyable {
    // SAFETY: a tile has room for its width in tokens, and every row has its word there.

    /// The floats; one row a token.
    public internal(set) var values: Matrix
    let blocksPerRow: Int
    /// Tiles; in each, block after block; in each, in turn for every token of the tile's width:
    /// - eight words of four codes;
    /// - the scale, the sum of the block's elements, and that of the first 16 of them, which turn a weight group's
    ///   minimum into one multiplication (floats; outliers count in the sums);
    /// - -8 times the sum of the codes (Int32), which turns a weight group's zero point into none.
    let tiles: AlignedStorage<UInt8>
    /// The largest magnitude of each block, while outliers are looked for.
    let magnitudes: AlignedStorage<Float>
    let outliersPerRow: Int
    /// `outliersPerRow` a row.
    let outliers: AlignedStorage<activation_outlier>

    /// Bytes that a block takes for each token of a tile.
    static let blockBytes = Limits.activationBlockColumns + 4 * MemoryLayout<Float>.stride

    /// - Parameter columns: where it is not a multiple of 32, no quantized format has rows of that length, and only the
    ///   floats are kept.
    public init(capacity: Int, columns: Int) {
        values = Matrix(capacity: capacity, columns: columns)
        blocksPerRow = Activations.blocksPerRow(columns: columns)
        tiles = AlignedStorage(
            uninitializedCount: Activations.paddedRows(capacity) * blocksPerRow * Activations.blockBytes)
        magnitudes = AlignedStorage(uninitializedCount: capacity * blocksPerRow)
        outliersPerRow = Activations.outliersPerRow(columns: columns)
        outliers = AlignedStorage(uninitializedCount: capacity * outliersPerRow)
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

    /// Copies the floats of a row over another's. They count there once they are quantized.
    public mutating func copyRow(_ source: Int, to target: Int) { values.copyRow(source, to: target) }

    /// Bytes that activations of this size take.
    public static func byteCount(capacity: Int, columns: Int) -> Int {
        Matrix.byteCount(capacity: capacity, columns: columns)
            + paddedRows(capacity) * blocksPerRow(columns: columns) * blockBytes
            + capacity * blocksPerRow(columns: columns) * MemoryLayout<Float>.stride
            + capacity * outliersPerRow(columns: columns) * MemoryLayout<activation_outlier>.stride
    }

    /// Rows with those that fill the last tile up.
    private static func paddedRows(_ rows: Int) -> Int {
        let width = tileWidth(rows: rows)
        return (rows + width - 1) / width * width
    }

    private static func blocksPerRow(columns: Int) -> Int {
        columns % Limits.activationBlockColumns == 0 ? columns / Limits.activationBlockColumns : 0
    }

    private static func outliersPerRow(columns: Int) -> Int {
        let blocks = blocksPerRow(columns: columns)
        return blocks == 0 ? 0 : blocks < Limits.wideRowBlocks ? Limits.outliers : Limits.outliersOfWideRow
    }

    private static func tileWidth(rows: Int) -> Int {
        rows <= 2 ? max(rows, 1) : rows <= 4 ? 4 : 8
    }

    /// Tokens that lie side by side in a tile.
    var tileWidth: Int { Activations.tileWidth(rows: rows) }

    /// Bytes of one tile.
    var tileBytes: Int { blocksPerRow * tileWidth * Activations.blockBytes }

    /// A row's first word in the first block of its tile.
    func tileRow(_ row: Int) -> UnsafeMutableRawPointer {
        UnsafeMutableRawPointer(tiles.base) + row / tileWidth * tileBytes + row % tileWidth * 4
    }

    func outliers(ofRow row: Int) -> UnsafeMutablePointer<activation_outlier> {
        outliers.base + row * outliersPerRow
    }
}

/// One token's part of a block of a tile.
struct ActivationBlock {
    // SAFETY: a tile has room for its width in tokens, and every row has its word there.

    /// The token's first word.
    let base: UnsafeMutableRawPointer
    /// Tokens of the tile.
    let width: Int

    /// - Parameter row: the token's first word in its tile's first block.
    init(row: UnsafeMutableRawPointer, block: Int, width: Int) {
        base = row + block * width * Activations.blockBytes
        self.width = width
    }

    /// The codes of columns `4 * index` to `4 * index + 3`.
    func word(_ index: Int) -> SIMD4<Int8> {
        base.load(fromByteOffset: index * 4 * width, as: SIMD4<Int8>.self)
    }

    func setCode(_ code: Int8, column: Int) {
        base.storeBytes(of: code, toByteOffset: column / 4 * 4 * width + column % 4, as: Int8.self)
    }

    var scale: Float {
        get { base.load(fromByteOffset: 32 * width, as: Float.self) }
        nonmutating set { base.storeBytes(of: newValue, toByteOffset: 32 * width, as: Float.self) }
    }

    var sum: Float {
        get { base.load(fromByteOffset: 36 * width, as: Float.self) }
        nonmutating set { base.storeBytes(of: newValue, toByteOffset: 36 * width, as: Float.self) }
    }

    /// Of the first 16 elements.
    var lowSum: Float {
        get { base.load(fromByteOffset: 40 * width, as: Float.self) }
        nonmutating set { base.storeBytes(of: newValue, toByteOffset: 40 * width, as: Float.self) }
    }

    func setCodeSum(_ sum: Int32) {
        base.storeBytes(of: -8 * sum, toByteOffset: 44 * width, as: Int32.self)
    }
}
