import JSON

/// Floats as text, one way for compiler, machine and tools: the shortest digits that read back as the same number.
public enum FloatText {
    public static func text(of value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-inf" : "inf" }
        return value.description
    }

    /// The double nearest to a decimal text (digits, point, exponent, sign); nil when it is none.
    public static func value(of text: [UInt8]) -> Double? {
        var bytes = text
        if bytes.first == UInt8(ascii: "+") { bytes.removeFirst() }
        let isNegative = bytes.first == UInt8(ascii: "-")
        if isNegative { bytes.removeFirst() }
        if bytes == Array("inf".utf8) { return isNegative ? -Double.infinity : Double.infinity }
        if bytes == Array("NaN".utf8) { return Double.nan }
        guard let normalised = jsonNumber(bytes) else { return nil }
        // JSON's grammar of numbers is a subset of ours, and its reader rounds exactly.
        guard let number = try? JSONValue(parsing: normalised).doubleValue else { return nil }
        return isNegative ? -number : number
    }

    /// `.5`, `5.` and leading zeros as JSON writes them; nil unless only digits, one point and an exponent occur.
    private static func jsonNumber(_ bytes: [UInt8]) -> [UInt8]? {
        var integer: [UInt8] = [], fraction: [UInt8] = [], exponent: [UInt8] = []
        var index = 0
        func digits(into target: inout [UInt8]) {
            while index < bytes.count, (48...57).contains(bytes[index]) {
                target.append(bytes[index])
                index += 1
            }
        }
        digits(into: &integer)
        if index < bytes.count, bytes[index] == UInt8(ascii: ".") {
            index += 1
            digits(into: &fraction)
        }
        guard !(integer.isEmpty && fraction.isEmpty) else { return nil }
        if index < bytes.count, bytes[index] | 0x20 == UInt8(ascii: "e") {
            index += 1
            if index < bytes.count, bytes[index] == UInt8(ascii: "-") || bytes[index] == UInt8(ascii: "+") {
                exponent.append(bytes[index])
                index += 1
            }
            let signLength = exponent.count
            digits(into: &exponent)
            guard exponent.count > signLength else { return nil }
        }
        guard index == bytes.count else { return nil }
        var start = 0
        while start < integer.count, integer[start] == UInt8(ascii: "0") { start += 1 }
        var result = start == integer.count ? [UInt8(ascii: "0")] : Array(integer[start...])
        if !fraction.isEmpty { result += [UInt8(ascii: ".")] + fraction }
        if !exponent.isEmpty { result += [UInt8(ascii: "e")] + exponent }
        return result
    }
}
