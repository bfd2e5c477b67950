/// A matrix of weights in somebody else's memory (a mapped model file): `rows` rows of `columns` elements of `type`,
/// without gaps, in one of two layouts.
///
/// The memory must outlive the view and stay unchanged. Vectors are matrices of one row.
public struct TensorView: @unchecked Sendable {
    // SAFETY: `@unchecked` since the view only reads memory that its maker promised to be immutable.

    public let type: TensorType
    public let layout: TensorLayout
    public let rows: Int
    public let columns: Int
    let bytes: UnsafeRawPointer

    /// Bytes of one row; in `.panels`, a sixteenth of a panel's.
    public var rowByteCount: Int { columns / type.elementsPerBlock * type.bytesPerBlock }

    /// Describes a matrix at the start of `bytes`; nil when a size is not positive, a row is not a whole number of
    /// blocks, `bytes` is too short, or the type has no such layout.
    public init?(
        type: TensorType, layout: TensorLayout = .rows, rows: Int, columns: Int, bytes: UnsafeRawBufferPointer
    ) {
        guard rows > 0, columns > 0, columns % type.elementsPerBlock == 0, let base = bytes.baseAddress
        else { return nil }
        guard layout == .rows || type.supportsPanels else { return nil }
        let blocksPerRow = columns / type.elementsPerBlock
        let (rowBytes, rowOverflow) = blocksPerRow.multipliedReportingOverflow(by: type.bytesPerBlock)
        let (byteCount, overflow) = rowBytes.multipliedReportingOverflow(by: rows)
        guard !rowOverflow, !overflow, byteCount <= bytes.count else { return nil }
        self.type = type
        self.layout = layout
        self.rows = rows
        self.columns = columns
        self.bytes = base
    }

    /// Rows `0..<panelRows` lie in panels, the others row by row.
    var panelRows: Int {
        layout == .panels ? rows / PanelPacking.rowsPerPanel * PanelPacking.rowsPerPanel : 0
    }

    /// Where a row begins that lies by itself.
    func row(_ index: Int) -> UnsafeRawPointer {
        precondition(index >= panelRows && index < rows, "row outside the tensor, or in a panel")
        return bytes + index * rowByteCount
    }

    /// The panel that begins with row `index`, at the block that begins with column `column`.
    func panel(firstRow index: Int, column: Int) -> UnsafeRawPointer {
        precondition(index >= 0 && index < panelRows, "row outside the panels")
        precondition(index % PanelPacking.rowsPerPanel == 0, "no panel begins with this row")
        precondition(column >= 0 && column < columns && column % type.elementsPerBlock == 0, "no block begins here")
        let blockBytes = type.bytesPerBlock * PanelPacking.rowsPerPanel
        return bytes + index * rowByteCount + column / type.elementsPerBlock * blockBytes
    }

    /// `blockCount` blocks of a row in GGUF's layout: where they lie, or copied from their panel to `scratch`.
    ///
    /// - Parameter scratch: room for the blocks.
    func blocks(
        ofRow index: Int, from firstBlock: Int, count blockCount: Int, scratch: UnsafeMutableRawPointer
    ) -> UnsafeRawPointer {
        precondition(firstBlock >= 0 && firstBlock + blockCount <= columns / type.elementsPerBlock, "outside the row")
        guard index < panelRows, let block = type.panelBlock else {
            return row(index) + firstBlock * type.bytesPerBlock
        }
        let lane = index % PanelPacking.rowsPerPanel
        let source = panel(firstRow: index - lane, column: firstBlock * type.elementsPerBlock)
        block.copyRow(lane, of: source, blockCount: blockCount, into: scratch)
        return UnsafeRawPointer(scratch)
    }
}
