/// Numbers for ids and for the seeds of requests that bring none (SplitMix64). Nothing secret is made from them.
struct RandomNumbers {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// An id such as `chatcmpl-5f2c0d6e1a7b3c4d8e9f0a1b`.
    mutating func id(prefix: String) -> String {
        var text = Array(prefix.utf8)
        for _ in 0..<2 {
            var value = next()
            for _ in 0..<12 {
                let digit = UInt8(value & 15)
                text.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
                value >>= 4
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}
