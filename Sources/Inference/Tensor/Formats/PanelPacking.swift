/// Brings a quantized matrix from GGUF's layout into panels.
///
/// A panel is 16 consecutive rows. It takes exactly the bytes that its rows take in GGUF, at the same offset: a tensor
/// keeps its size and place, and can be repacked where it lies. Rows beyond the last multiple of 16 stay as they are.
///
/// Within a panel, block follows block in order of columns. Of a block (see `PanelBlock`) come first its 32-bit words
/// in their order in the row, of each word 16 rows' side by side (64 bytes); then its 16-bit numbers, 16 rows' side by
/// side (32 bytes) each. For Q4_0 that means: byte `64 k + 4 r + j` of a block holds columns `4 k + j` (low nibble) and
/// `16 + 4 k + j` (high nibble) of row r, and 16 scales follow the 256 bytes of codes. So one vector register takes
/// four columns of sixteen rows, which is what integer dot products want, and memory is read in one stream.
public struct PanelPacking: Sendable {
    /// Rows of a panel: one AVX-512 register of 32-bit lanes.
    public static let rowsPerPanel = 16

    private let block: PanelBlock
    private let blocksPerRow: Int
    /// Whole panels of the matrix.
    public let panelCount: Int

    /// Nil when the type has no panels, a size is not positive, or a row is not a whole number of blocks.
    public init?(type: TensorType, rows: Int, columns: Int) {
        guard let block = type.panelBlock, rows > 0, columns > 0, columns % type.elementsPerBlock == 0
        else { return nil }
        self.block = block
        blocksPerRow = columns / type.elementsPerBlock
        panelCount = rows / PanelPacking.rowsPerPanel
    }

    /// Bytes of one panel, and of the scratch memory that packing in place needs.
    public var bytesPerPanel: Int { blockByteCount * blocksPerRow }

    /// Bytes of one block of 16 rows.
    private var blockByteCount: Int { block.byteCount * PanelPacking.rowsPerPanel }

    /// Packs panels of a matrix that begins where `bytes` begin. Workers may share a matrix by disjoint panel ranges.
    ///
    /// - Parameter scratch: at least `bytesPerPanel` bytes of the worker's own.
    public func packInPlace(
        _ panels: Range<Int>, of bytes: UnsafeMutableRawBufferPointer, scratch: UnsafeMutableRawBufferPointer
    ) {
        check(panels, bytes.count)
        precondition(scratch.count >= bytesPerPanel, "scratch holds less than a panel")
        guard !panels.isEmpty, let base = bytes.baseAddress, let copy = scratch.baseAddress else { return }
        for panel in panels {
            let place = base + panel * bytesPerPanel
            copy.copyMemory(from: place, byteCount: bytesPerPanel)
            interleave(copy, into: place)
        }
    }

    /// Packs panels of the matrix that begins where `source` begins into the same places of `target`.
    public func pack(
        _ panels: Range<Int>, from source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer
    ) {
        check(panels, min(source.count, target.count))
        guard !panels.isEmpty, let sourceBase = source.baseAddress, let base = target.baseAddress else { return }
        for panel in panels {
            interleave(sourceBase + panel * bytesPerPanel, into: base + panel * bytesPerPanel)
        }
    }

    private func check(_ panels: Range<Int>, _ byteCount: Int) {
        precondition(panels.lowerBound >= 0 && panels.upperBound <= panelCount, "panels outside the matrix")
        precondition(panels.upperBound <= byteCount / bytesPerPanel, "panels outside the memory")
    }

    /// SAFETY: both pointers have a panel's bytes, and the two do not overlap.
    private func interleave(_ rows: UnsafeRawPointer, into panel: UnsafeMutableRawPointer) {
        let rowByteCount = block.byteCount * blocksPerRow
        for index in 0..<blocksPerRow {
            let source = rows + index * block.byteCount
            let words = panel + index * blockByteCount
            let halves = words + block.wordCount * 64
            for row in stride(from: 0, to: PanelPacking.rowsPerPanel, by: 4) {
                interleaveWords(source + row * rowByteCount + block.wordsOffset, rowByteCount, into: words + row * 4)
            }
            for half in 0..<block.halfCount {
                let numbers = source + block.halves.lowerBound + half * 2
                for row in 0..<PanelPacking.rowsPerPanel {
                    let value = numbers.loadUnaligned(fromByteOffset: row * rowByteCount, as: UInt16.self)
                    halves.storeBytes(of: value, toByteOffset: half * 32 + row * 2, as: UInt16.self)
                }
            }
        }
    }

    /// The words of four rows, four words at a time: the transpose of a 4x4 matrix, which stays in registers.
    ///
    /// SAFETY: four rows' blocks begin at `rows`, and `words` is within a block of 16 rows, 16 bytes from every 64 on.
    private func interleaveWords(
        _ rows: UnsafeRawPointer, _ rowByteCount: Int, into words: UnsafeMutableRawPointer
    ) {
        var word = 0
        while word + 4 <= block.wordCount {
            let place = rows + word * 4
            let a = place.loadUnaligned(as: SIMD4<UInt32>.self)
            let b = place.loadUnaligned(fromByteOffset: rowByteCount, as: SIMD4<UInt32>.self)
            let c = place.loadUnaligned(fromByteOffset: rowByteCount * 2, as: SIMD4<UInt32>.self)
            let d = place.loadUnaligned(fromByteOffset: rowByteCount * 3, as: SIMD4<UInt32>.self)
            let target = words + word * 64
            target.storeBytes(of: SIMD4(a[0], b[0], c[0], d[0]), as: SIMD4<UInt32>.self)
            target.storeBytes(of: SIMD4(a[1], b[1], c[1], d[1]), toByteOffset: 64, as: SIMD4<UInt32>.self)
            target.storeBytes(of: SIMD4(a[2], b[2], c[2], d[2]), toByteOffset: 128, as: SIMD4<UInt32>.self)
            target.storeBytes(of: SIMD4(a[3], b[3], c[3], d[3]), toByteOffset: 192, as: SIMD4<UInt32>.self)
            word += 4
        }
        while word < block.wordCount {
            for row in 0..<4 {
                let value = rows.loadUnaligned(fromByteOffset: row * rowByteCount + word * 4, as: UInt32.self)
                words.storeBytes(of: value, toByteOffset: word * 64 + row * 4, as: UInt32.self)
            }
            word += 1
        }
    }
}

extension PanelBlock {
    /// Copies one row's part of `blockCount` blocks of a panel to `target`, in GGUF's layout.
    ///
    /// SAFETY: `panel` is followed by that many blocks of 16 rows, `target` has room for one row's.
    func copyRow(
        _ row: Int, of panel: UnsafeRawPointer, blockCount: Int, into target: UnsafeMutableRawPointer
    ) {
        for index in 0..<blockCount {
            let words = panel + index * byteCount * PanelPacking.rowsPerPanel
            let halves = words + wordCount * 64
            let bytes = target + index * byteCount
            for word in 0..<wordCount {
                let value = words.loadUnaligned(fromByteOffset: word * 64 + row * 4, as: UInt32.self)
                bytes.storeBytes(of: value, toByteOffset: wordsOffset + word * 4, as: UInt32.self)
            }
            for half in 0..<halfCount {
                let value = halves.loadUnaligned(fromByteOffset: half * 32 + row * 2, as: UInt16.self)
                bytes.storeBytes(of: value, toByteOffset: self.halves.lowerBound + half * 2, as: UInt16.self)
            }
        }
    }
}
