import Tensor
import Testing

/// One block of each format by hand, from the layouts in ggml's `ggml-common.h`.
@Suite("Dequantization of hand-made blocks")
struct DequantizationTests {
    /// Elements 0 to 15 have the codes 0 to 15, elements 16 to 31 the codes 15 to 0.
    private static let nibbles: [UInt8] = (0..<16).map { (index: UInt8) -> UInt8 in index | (15 - index) << 4 }
    private static let codes: [Float] = (0..<32).map { (index: Int) -> Float in
        index < 16 ? Float(index) : Float(31 - index)
    }

    private func floats(_ type: TensorType, _ bytes: [UInt8]) -> [Float] {
        bytes.withUnsafeBytes { raw in
            let view = TensorView(type: type, rows: 1, columns: type.elementsPerBlock, bytes: raw)!
            var result = [Float](repeating: 0, count: type.elementsPerBlock)
            var span = result.mutableSpan
            view.dequantizeRow(0, into: &span)
            return result
        }
    }

    private func half(_ value: Float) -> [UInt8] {
        let bits = Float16(value).bitPattern
        return [UInt8(truncatingIfNeeded: bits), UInt8(bits >> 8)]
    }

    @Test("Q4_0: low nibbles first, zero point 8")
    func q4_0() {
        let found = floats(.q4_0, half(0.5) + Self.nibbles)
        let expected = Self.codes.map { 0.5 * ($0 - 8) }
        #expect(found == expected)
    }

    @Test("Q4_1: scale and minimum")
    func q4_1() {
        let found = floats(.q4_1, half(0.25) + half(-1) + Self.nibbles)
        let expected = Self.codes.map { 0.25 * $0 - 1 }
        #expect(found == expected)
    }

    @Test("Q5_0 and Q5_1: bit i of the word is element i's fifth")
    func q5() {
        // Elements 0, 31 have their fifth bit set.
        let word: [UInt8] = [1, 0, 0, 0x80]
        var codes = Self.codes
        codes[0] += 16
        codes[31] += 16
        let symmetric = floats(.q5_0, half(2) + word + Self.nibbles)
        #expect(symmetric == codes.map { 2 * ($0 - 16) })
        let affine = floats(.q5_1, half(2) + half(3) + word + Self.nibbles)
        #expect(affine == codes.map { 2 * $0 + 3 })
    }

    @Test("Q8_0: signed bytes, -128 included")
    func q8_0() {
        let codes: [Int8] = (0..<32).map { (index: Int) -> Int8 in Int8(index * 8 - 128) }
        let found = floats(.q8_0, half(0.5) + codes.map { UInt8(bitPattern: $0) })
        #expect(found == codes.map { 0.5 * Float($0) })
    }

    @Test("Q4_K: six-bit scales and minimums in twelve bytes")
    func q4_K() {
        // Groups 0-3 keep scale and minimum in six bits of bytes 0-3 and 4-7; groups 4-7 have their low four bits in
        // bytes 8-11 and their upper two on top of the first eight.
        let scales = [1, 2, 3, 4, 33, 18, 35, 52]
        let minimums = [5, 6, 7, 8, 49, 34, 19, 4]
        let packed = Self.packScales(scales, minimums)
        let pairs = [UInt8](repeating: 0xa3, count: 128)
        let found = floats(.q4_K, half(0.5) + half(0.25) + packed + pairs)
        for group in 0..<8 {
            let code: Float = group % 2 == 0 ? 3 : 10
            let expected: Float = 0.5 * Float(scales[group]) * code - 0.25 * Float(minimums[group])
            let isAsExpected = found[group * 32..<group * 32 + 32].allSatisfy { $0 == expected }
            #expect(isAsExpected)
        }
    }

    @Test("Q5_K: bit g of the fifth-bit bytes belongs to group g")
    func q5_K() {
        let packed = Self.packScales(Array(repeating: 1, count: 8), Array(repeating: 0, count: 8))
        let fifthBits = [UInt8](repeating: 0b1000_0010, count: 32)
        let pairs = [UInt8](repeating: 0xa3, count: 128)
        let found = floats(.q5_K, half(1) + half(0) + packed + fifthBits + pairs)
        for group in 0..<8 {
            let fifth: Float = group == 1 || group == 7 ? 16 : 0
            let code: Float = (group % 2 == 0 ? 3 : 10) + fifth
            let isAsExpected = found[group * 32..<group * 32 + 32].allSatisfy { $0 == code }
            #expect(isAsExpected)
        }
    }

    @Test("Q6_K: two upper bits from shared bytes, a signed scale for each 16")
    func q6_K() {
        var bytes = [UInt8](repeating: 0x21, count: 64)
        bytes += [UInt8](repeating: 0x43, count: 64)
        bytes += [UInt8](repeating: 0b11_10_01_00, count: 64)
        bytes += (0..<16).map { (index: Int) -> UInt8 in UInt8(bitPattern: Int8(index - 8)) }
        bytes += half(0.5)
        let found = floats(.q6_K, bytes)
        // Quarter q of a half takes bit pair q, and the low (q < 2) or high nibble.
        let nibbles = [[1, 1, 2, 2], [3, 3, 4, 4]]
        for element in 0..<256 {
            let (half, quarter) = (element / 128, element % 128 / 32)
            let code = nibbles[half][quarter] + 16 * quarter - 32
            let scale: Float = 0.5 * Float(element / 16 - 8)
            #expect(found[element] == scale * Float(code))
        }
    }

    @Test("a view needs whole blocks and enough bytes")
    func views() {
        let bytes = [UInt8](repeating: 0, count: 36)
        bytes.withUnsafeBytes { raw in
            #expect(TensorView(type: .q4_0, rows: 2, columns: 32, bytes: raw) != nil)
            #expect(TensorView(type: .q4_0, rows: 3, columns: 32, bytes: raw) == nil)
            #expect(TensorView(type: .q4_0, rows: 1, columns: 33, bytes: raw) == nil)
            #expect(TensorView(type: .f32, rows: 0, columns: 1, bytes: raw) == nil)
            #expect(TensorView(type: .f32, rows: .max, columns: .max, bytes: raw) == nil)
        }
    }

    private static func packScales(_ scales: [Int], _ minimums: [Int]) -> [UInt8] {
        var packed = [UInt8](repeating: 0, count: 12)
        for group in 0..<4 {
            packed[group] = UInt8(scales[group] | (scales[group + 4] >> 4) << 6)
            packed[group + 4] = UInt8(minimums[group] | (minimums[group + 4] >> 4) << 6)
            packed[group + 8] = UInt8(scales[group + 4] & 15 | (minimums[group + 4] & 15) << 4)
        }
        return packed
    }
}
