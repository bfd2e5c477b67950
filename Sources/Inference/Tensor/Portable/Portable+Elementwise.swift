extension Portable {
    static func dot(_ left: UnsafePointer<Float>, _ right: UnsafePointer<Float>, _ count: Int) -> Float {
        var total: Float = 0
        for index in 0..<count { total += left[index] * right[index] }
        return total
    }

    static func widenBinary16(_ source: UnsafeRawPointer, _ count: Int, _ floats: UnsafeMutablePointer<Float>) {
        widenFloats(.f16, source, count: count, into: floats)
    }

    static func narrowToBinary16(_ floats: UnsafePointer<Float>, _ target: UnsafeMutablePointer<UInt16>, _ count: Int) {
        for index in 0..<count { target[index] = HalfPrecision.binary16(from: floats[index]) }
    }

    static func normalizeRow(
        _ input: UnsafePointer<Float>, _ weight: UnsafePointer<Float>, _ epsilon: Float, _ count: Int,
        _ output: UnsafeMutablePointer<Float>
    ) {
        let factor = 1 / (dot(input, input, count) / Float(count) + epsilon).squareRoot()
        for index in 0..<count { output[index] = input[index] * factor * weight[index] }
    }

    static func add(_ addend: UnsafePointer<Float>, _ sum: UnsafeMutablePointer<Float>, _ count: Int) {
        for index in 0..<count { sum[index] += addend[index] }
    }

    static func gate(
        _ gate: UnsafePointer<Float>, _ up: UnsafePointer<Float>, _ output: UnsafeMutablePointer<Float>, _ count: Int
    ) {
        for index in 0..<count {
            let x = gate[index]
            output[index] = x / (1 + Elementary.exponential(-x)) * up[index]
        }
    }
}
