/// The input of matrix multiplications: a matrix of floats, one token a row, and its 8-bit form.
///
/// Quantizing happens once an input and serves every weight matrix that multiplies it. Each block of 32 columns gets a
/// scale of its own, so an element is about `scale * code`, with codes in -127...127.
public struct Activations: ~Copyable {
    /// The floats; one row a token.
    public var values: Matrix
    let codes: AlignedStorage<Int8>
    /// For each block of 32 columns: its scale, the sum of its quantized elements, and that of each half of it. The sums
    /// turn a weight group's minimum into one multiplication.
    let blocks: AlignedStorage<SIMD4<Float>>
    let blocksPerRow: Int

    /// - Parameter columns: where it is not a multiple of 32, no quantized format has rows of that length, and only the
    ///   floats are kept.
    public init(capacity: Int, columns: Int) {
        values = Matrix(capacity: capacity, columns: columns)
        blocksPerRow = Activations.blocksPerRow(columns: columns)
        codes = AlignedStorage(count: capacity * blocksPerRow * Limits.activationBlockColumns, zero: 0)
        blocks = AlignedStorage(count: capacity * blocksPerRow, zero: .zero)
    }

    /// Bytes that activations of this size take.
    public static func byteCount(capacity: Int, columns: Int) -> Int {
        let blockBytes = Limits.activationBlockColumns + MemoryLayout<SIMD4<Float>>.stride
        return Matrix.byteCount(capacity: capacity, columns: columns)
            + capacity * blocksPerRow(columns: columns) * blockBytes
    }

    private static func blocksPerRow(columns: Int) -> Int {
        columns % Limits.activationBlockColumns == 0 ? columns / Limits.activationBlockColumns : 0
    }

    func codeRow(_ row: Int) -> UnsafeMutablePointer<Int8> {
        codes.base + row * blocksPerRow * Limits.activationBlockColumns
    }

    func blockRow(_ row: Int) -> UnsafeMutablePointer<SIMD4<Float>> {
        blocks.base + row * blocksPerRow
    }
}
