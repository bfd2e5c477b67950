/// Work space of one worker's matrix multiplications; its size depends on no model.
public struct MultiplyWorkspace: ~Copyable {
    /// A run of one row's blocks, brought out of a panel.
    let blocks: AlignedStorage<UInt8>
    /// Decoded rows, row after row: codes of quantized formats.
    let codes: AlignedStorage<UInt8>
    /// The same codes interleaved for the panel kernel, four columns of 16 rows at a time.
    let panel: AlignedStorage<UInt8>
    /// Scales and minimums of the decoded groups.
    let scales: AlignedStorage<Float>
    let minimums: AlignedStorage<Float>
    /// A decoded run of a floating-point row.
    let floats: AlignedStorage<Float>

    private static let groupsMax = Limits.panelRows * Limits.decodedColumnsMax / 16

    /// No format takes more bytes than Q8_0.
    private static let blockBytesMax =
        Limits.decodedColumnsMax / TensorType.q8_0.elementsPerBlock
        * TensorType.q8_0.bytesPerBlock

    public init() {
        blocks = AlignedStorage(count: MultiplyWorkspace.blockBytesMax, zero: 0)
        codes = AlignedStorage(count: Limits.panelRows * Limits.decodedColumnsMax, zero: 0)
        panel = AlignedStorage(count: Limits.panelRows * Limits.decodedColumnsMax, zero: 0)
        scales = AlignedStorage(count: MultiplyWorkspace.groupsMax, zero: 0)
        minimums = AlignedStorage(count: MultiplyWorkspace.groupsMax, zero: 0)
        floats = AlignedStorage(count: Limits.decodedColumnsMax, zero: 0)
    }

    /// Bytes that a work space takes.
    public static var byteCount: Int {
        blockBytesMax + 2 * Limits.panelRows * Limits.decodedColumnsMax
            + (2 * groupsMax + Limits.decodedColumnsMax) * MemoryLayout<Float>.stride
    }
}
