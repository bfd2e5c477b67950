extension StaticString {
    /// Whether this string's UTF-8 is exactly `bytes`.
    func hasBytes(_ bytes: [UInt8]) -> Bool {
        guard bytes.count == utf8CodeUnitCount else { return false }
        for index in bytes.indices where bytes[index] != utf8Start[index] { return false }
        return true
    }
}

extension UInt64 {
    /// Digits only; nil for none, and for a number that does not fit.
    init?(decimal text: [UInt8]) {
        guard !text.isEmpty else { return nil }
        var value: UInt64 = 0
        for byte in text {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
            let (scaled, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = scaled.addingReportingOverflow(UInt64(byte - UInt8(ascii: "0")))
            guard !overflow, !carry else { return nil }
            value = sum
        }
        self = value
    }
}
