/// Work space of one worker's matrix multiplications; its size depends on no model.
public struct MultiplyWorkspace: ~Copyable {
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

    public init() {
        codes = AlignedStorage(count: Limits.panelRows * Limits.decodedColumnsMax, zero: 0)
        panel = AlignedStorage(count: Limits.panelRows * Limits.decodedColumnsMax, zero: 0)
        scales = AlignedStorage(count: MultiplyWorkspace.groupsMax, zero: 0)
        minimums = AlignedStorage(count: MultiplyWorkspace.groupsMax, zero: 0)
        floats = AlignedStorage(count: Limits.decodedColumnsMax, zero: 0)
    }

    /// Bytes that a work space takes.
    public static var byteCount: Int {
        2 * Limits.panelRows * Limits.decodedColumnsMax
            + (2 * groupsMax + Limits.decodedColumnsMax) * MemoryLayout<Float>.stride
    }
}
