/// A string that ends a generation, searched for as text arrives (Knuth, Morris and Pratt: every byte is looked at
/// once, whatever the client's string is).
struct StopString {
    private let bytes: [UInt8]
    /// `fallback[n]`: the longest proper prefix of `bytes` that is also a suffix of its first `n` bytes.
    private let fallback: [Int]
    /// How many bytes at the end of the text so far are a beginning of the stop string: text that may not be shown yet.
    private(set) var matchedCount = 0

    /// - Parameter bytes: UTF-8, not empty.
    init(_ bytes: [UInt8]) {
        precondition(!bytes.isEmpty)
        self.bytes = bytes
        var fallback = [Int](repeating: 0, count: bytes.count + 1)
        var prefix = 0
        for index in 1..<max(bytes.count, 1) {
            while prefix > 0, bytes[index] != bytes[prefix] { prefix = fallback[prefix] }
            if bytes[index] == bytes[prefix] { prefix += 1 }
            fallback[index + 1] = prefix
        }
        self.fallback = fallback
    }

    var length: Int { bytes.count }

    /// Looks at the text's next byte; true when the stop string ends with it.
    mutating func consume(_ byte: UInt8) -> Bool {
        if matchedCount == bytes.count { matchedCount = fallback[matchedCount] }
        while matchedCount > 0, bytes[matchedCount] != byte { matchedCount = fallback[matchedCount] }
        if bytes[matchedCount] == byte { matchedCount += 1 }
        return matchedCount == bytes.count
    }
}
