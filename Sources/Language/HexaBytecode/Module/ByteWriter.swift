/// Appends the primitive values of the module format.
struct ByteWriter {
    private(set) var bytes: [UInt8] = []

    mutating func byte(_ value: UInt8) { bytes.append(value) }

    /// Unsigned LEB128: seven bits a byte, low bits first.
    mutating func varint(_ value: Int) {
        var rest = UInt64(bitPattern: Int64(value))
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    mutating func fixed64(_ value: UInt64) {
        for shift in stride(from: UInt64(0), to: 64, by: 8) { bytes.append(UInt8(truncatingIfNeeded: value >> shift)) }
    }

    mutating func text(_ value: [UInt8]) {
        varint(value.count)
        bytes.append(contentsOf: value)
    }

    mutating func raw(_ value: [UInt8]) { bytes.append(contentsOf: value) }
}

/// Reads what `ByteWriter` wrote, trusting nothing.
struct ByteReader {
    let bytes: [UInt8]
    private(set) var offset = 0
    let end: Int

    init(_ bytes: [UInt8], from offset: Int = 0, to end: Int) {
        self.bytes = bytes
        self.offset = offset
        self.end = end
    }

    var isAtEnd: Bool { offset == end }

    func failure(_ reason: ModuleError.Reason) -> ModuleError { ModuleError(reason: reason, offset: offset) }

    mutating func byte() throws(ModuleError) -> UInt8 {
        guard offset < end else { throw failure(.truncated) }
        defer { offset += 1 }
        return bytes[offset]
    }

    mutating func varint() throws(ModuleError) -> Int {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while true {
            let next = try byte()
            guard shift < 63 else { throw failure(.malformedNumber) }
            value |= UInt64(next & 0x7F) << shift
            if next & 0x80 == 0 { break }
            shift += 7
        }
        guard value <= UInt64(Int32.max) else { throw failure(.malformedNumber) }
        return Int(value)
    }

    /// A number of things that follow, each at least one byte long: never more than bytes are left.
    mutating func count(upTo limit: Int) throws(ModuleError) -> Int {
        let value = try varint()
        guard value <= limit, value <= end - offset else { throw failure(.tooMany) }
        return value
    }

    mutating func fixed64() throws(ModuleError) -> UInt64 {
        guard end - offset >= 8 else { throw failure(.truncated) }
        var value: UInt64 = 0
        for index in 0..<8 { value |= UInt64(bytes[offset + index]) << UInt64(index * 8) }
        offset += 8
        return value
    }

    mutating func text() throws(ModuleError) -> [UInt8] {
        let length = try count(upTo: BytecodeLimits.stringBytesMax)
        defer { offset += length }
        return Array(bytes[offset..<offset + length])
    }
}
