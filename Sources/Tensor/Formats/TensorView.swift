/// A matrix of weights in somebody else's memory (a mapped model file): `rows` rows of `columns` elements of `type`,
/// row after row without gaps, as GGUF stores them.
///
/// The memory must outlive the view and stay unchanged. Vectors are matrices of one row.
public struct TensorView: @unchecked Sendable {
    // SAFETY of `@unchecked`: the view only reads memory that its maker promised to be immutable.

    public let type: TensorType
    public let rows: Int
    public let columns: Int
    let bytes: UnsafeRawPointer

    /// Bytes of one row.
    public var rowByteCount: Int { columns / type.elementsPerBlock * type.bytesPerBlock }

    /// Describes a matrix at the start of `bytes`; nil when a size is not positive, a row is not a whole number of
    /// blocks, or `bytes` is too short.
    public init?(type: TensorType, rows: Int, columns: Int, bytes: UnsafeRawBufferPointer) {
        guard rows > 0, columns > 0, columns % type.elementsPerBlock == 0, let base = bytes.baseAddress
        else { return nil }
        let blocksPerRow = columns / type.elementsPerBlock
        let (rowBytes, rowOverflow) = blocksPerRow.multipliedReportingOverflow(by: type.bytesPerBlock)
        let (byteCount, overflow) = rowBytes.multipliedReportingOverflow(by: rows)
        guard !rowOverflow, !overflow, byteCount <= bytes.count else { return nil }
        self.type = type
        self.rows = rows
        self.columns = columns
        self.bytes = base
    }

    func row(_ index: Int) -> UnsafeRawPointer {
        precondition(index >= 0 && index < rows, "row outside the tensor")
        return bytes + index * rowByteCount
    }
}
