import HexaBytecode

enum UTF8Check {
    static func isValid(_ bytes: [UInt8]) -> Bool { UTF8Text.isValid(bytes) }

    /// Where the first malformed sequence begins.
    static func firstInvalid(_ bytes: [UInt8]) -> Int {
        var low = 0, high = bytes.count
        // The longest valid prefix, give or take a sequence cut in the middle.
        while high - low > 1 {
            let middle = (low + high) / 2
            var end = middle
            while end > low, bytes[end] & 0xC0 == 0x80 { end -= 1 }
            if UTF8Text.isValid(Array(bytes[0..<end])) { low = middle } else { high = middle }
        }
        return low
    }
}
