/// How the rows of a matrix of weights lie in memory. Raw values stand in packed model files.
public enum TensorLayout: UInt32, CaseIterable, Sendable {
    /// Row after row, as GGUF stores them.
    case rows = 0
    /// Sixteen rows at a time, interleaved as the kernels read them; see `PanelPacking`.
    case panels = 1
}

extension TensorType {
    /// Whether weights of this type can lie in `.panels`: all quantized types can.
    public var supportsPanels: Bool { panelBlock != nil }

    /// What a panel interleaves of this type's blocks; nil for types that have no panels.
    var panelBlock: PanelBlock? {
        switch self {
        case .f32, .f16, .bf16: nil
        case .q4_0, .q5_0, .q8_0: PanelBlock(byteCount: bytesPerBlock, halves: 0..<2)
        case .q4_1, .q5_1, .q4_K, .q5_K: PanelBlock(byteCount: bytesPerBlock, halves: 0..<4)
        case .q6_K: PanelBlock(byteCount: bytesPerBlock, halves: 208..<210)
        }
    }
}

/// A block of a quantized row as a panel sees it: numbers of 16 bits (scales, minimums) at one end, and words of 32
/// bits (codes, bits of codes, small scales) in the rest.
struct PanelBlock {
    let byteCount: Int
    /// Where the 16-bit numbers lie.
    let halves: Range<Int>

    /// Where the 32-bit words begin.
    var wordsOffset: Int { halves.lowerBound == 0 ? halves.upperBound : 0 }
    var wordCount: Int { (byteCount - halves.count) / 4 }
    var halfCount: Int { halves.count / 2 }
}
