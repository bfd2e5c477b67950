import TestSupport
import Tensor

/// Random weights of a format, in memory of their own.
final class RandomTensor {
    private(set) var view: TensorView
    let bytes: UnsafeMutableRawBufferPointer

    init(_ type: TensorType, rows: Int, columns: Int, using generator: inout SplitMix64) {
        let byteCount = rows * columns / type.elementsPerBlock * type.bytesPerBlock
        bytes = .allocate(byteCount: byteCount, alignment: 64)
        for index in 0..<byteCount { bytes[index] = UInt8.random(in: 0...255, using: &generator) }
        // Any bits are a valid code, but scales and floats must stay moderate.
        for block in stride(from: 0, to: byteCount, by: type.bytesPerBlock) {
            for offset in RandomTensor.halfOffsets(type) {
                let value = generator.float(in: -0.05...0.05)
                bytes.storeBytes(of: Float16(value).bitPattern, toByteOffset: block + offset, as: UInt16.self)
            }
            if type == .f32 { bytes.storeBytes(of: generator.float(in: -1...1), toByteOffset: block, as: Float.self) }
            if type == .bf16 {
                let value = UInt16(generator.float(in: -1...1).bitPattern >> 16)
                bytes.storeBytes(of: value, toByteOffset: block, as: UInt16.self)
            }
        }
        view = TensorView(type: type, rows: rows, columns: columns, bytes: UnsafeRawBufferPointer(bytes))!
    }

    /// Brings the weights into panels where they lie.
    func pack() {
        let packing = PanelPacking(type: view.type, rows: view.rows, columns: view.columns)!
        withUnsafeTemporaryAllocation(byteCount: packing.bytesPerPanel, alignment: 64) { scratch in
            packing.packInPlace(0..<packing.panelCount, of: bytes, scratch: scratch)
        }
        view = TensorView(
            type: view.type, layout: .panels, rows: view.rows, columns: view.columns,
            bytes: UnsafeRawBufferPointer(bytes))!
    }

    deinit {
        bytes.deallocate()
    }

    /// Where a block holds binary16 numbers.
    private static func halfOffsets(_ type: TensorType) -> [Int] {
        switch type {
        case .f32, .bf16: []
        case .f16, .q4_0, .q5_0, .q8_0: [0]
        case .q4_1, .q5_1, .q4_K, .q5_K: [0, 2]
        case .q6_K: [208]
        }
    }

    func dequantized(row: Int) -> [Float] {
        var floats = [Float](repeating: 0, count: view.columns)
        var span = floats.mutableSpan
        view.dequantizeRow(row, into: &span)
        return floats
    }
}
