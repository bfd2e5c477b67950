/// The fuzzer's bytes, taken from the front as the target needs them; past the end everything is zero.
struct FuzzInput {
    private let bytes: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var isEmpty: Bool { position >= bytes.count }
    var rest: [UInt8] { Array(bytes[position...]) }

    mutating func takeByte() -> UInt8 {
        guard position < bytes.count else { return 0 }
        defer { position += 1 }
        return bytes[position]
    }

    mutating func takeUInt16() -> UInt16 { UInt16(takeByte()) << 8 | UInt16(takeByte()) }
    mutating func takeUInt32() -> UInt32 { UInt32(takeUInt16()) << 16 | UInt32(takeUInt16()) }

    mutating func take(_ count: Int) -> [UInt8] {
        let end = min(position + count, bytes.count)
        defer { position = end }
        return Array(bytes[position..<end])
    }
}
