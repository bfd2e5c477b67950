import TestSupport
import Tensor
import Testing

@Suite("Packing weights into panels")
struct PanelPackingTests {
    static let packedTypes = TensorType.allCases.filter(\.supportsPanels)

    @Test("every quantized type has panels, no other")
    func types() {
        for type in TensorType.allCases { #expect(type.supportsPanels == type.isQuantized) }
    }

    @Test("Q4_0: four bytes of each row in turn, then the scales")
    func layoutOfQ4_0() {
        // Row r: scale 0x0100 + r, code byte i is 16 r + i.
        var rows: [UInt8] = []
        for row in UInt8(0)..<16 { rows += [row, 1] + (0..<16).map { 16 * row + $0 } }
        let packing = PanelPacking(type: .q4_0, rows: 16, columns: 32)!
        #expect(packing.panelCount == 1 && packing.bytesPerPanel == 288)
        var panel = [UInt8](repeating: 0, count: 288)
        rows.withUnsafeBytes { source in panel.withUnsafeMutableBytes { packing.pack(0..<1, from: source, into: $0) } }
        for (k, r, j) in [(0, 0, 0), (0, 1, 0), (0, 15, 3), (1, 0, 2), (3, 7, 1), (3, 15, 3)] {
            #expect(panel[64 * k + 4 * r + j] == UInt8(16 * r + 4 * k + j))
        }
        for row in UInt8(0)..<16 { #expect(Array(panel[(256 + 2 * Int(row))...].prefix(2)) == [row, 1]) }
    }

    @Test("Q6_K: the scale at the block's end comes last as well")
    func layoutOfQ6_K() {
        let rows: [UInt8] = (0..<16).flatMap { row in (0..<210).map { UInt8(truncatingIfNeeded: row * 7 + $0) } }
        let packing = PanelPacking(type: .q6_K, rows: 16, columns: 256)!
        var panel = [UInt8](repeating: 0, count: packing.bytesPerPanel)
        rows.withUnsafeBytes { source in panel.withUnsafeMutableBytes { packing.pack(0..<1, from: source, into: $0) } }
        #expect(panel[64 * 51 + 4 * 3 + 1] == rows[210 * 3 + 4 * 51 + 1])
        #expect(panel[64 * 52 + 2 * 9] == rows[210 * 9 + 208])
    }

    @Test("packing keeps every element and the tail's bytes, whoever packs which panel", arguments: packedTypes)
    func packing(type: TensorType) {
        var generator = SplitMix64(seed: UInt64(type.rawValue))
        for rows in [1, 15, 16, 17, 48, 63] {
            let columns = type.elementsPerBlock * Int.random(in: 1...5, using: &generator)
            let tensor = RandomTensor(type, rows: rows, columns: columns, using: &generator)
            let before = (0..<rows).map { tensor.dequantized(row: $0) }
            let original = Array(tensor.bytes)

            let packing = PanelPacking(type: type, rows: rows, columns: columns)!
            #expect(packing.panelCount == rows / 16)
            // Out of place, by two workers; what no panel holds is left alone.
            var copy = original
            let middle = packing.panelCount / 2
            original.withUnsafeBytes { source in
                copy.withUnsafeMutableBytes { target in
                    packing.pack(middle..<packing.panelCount, from: source, into: target)
                    packing.pack(0..<middle, from: source, into: target)
                }
            }
            tensor.pack()
            #expect(Array(tensor.bytes) == copy)
            let tailStart = packing.panelCount * packing.bytesPerPanel
            #expect(copy[tailStart...] == original[tailStart...])
            let after = (0..<rows).map { tensor.dequantized(row: $0) }
            #expect(before == after)
        }
    }

    @Test("matrices without panels are refused")
    func refusals() {
        #expect(PanelPacking(type: .f16, rows: 16, columns: 32) == nil)
        #expect(PanelPacking(type: .q4_0, rows: 16, columns: 33) == nil)
        #expect(PanelPacking(type: .q4_K, rows: 16, columns: 32) == nil)
        #expect(PanelPacking(type: .q4_0, rows: 0, columns: 32) == nil)
        #expect(PanelPacking(type: .q4_0, rows: 15, columns: 32)?.panelCount == 0)
        let bytes = [UInt8](repeating: 0, count: 32 * 64)
        bytes.withUnsafeBytes { raw in
            #expect(TensorView(type: .f32, layout: .panels, rows: 16, columns: 32, bytes: raw) == nil)
            #expect(TensorView(type: .q8_0, layout: .panels, rows: 16, columns: 32, bytes: raw) != nil)
        }
    }
}
