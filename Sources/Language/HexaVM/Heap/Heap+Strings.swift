extension Object {
    /// SAFETY: for strings only: `count` bytes of valid UTF-8 follow the header.
    @inline(__always) var bytes: UnsafeMutablePointer<UInt8> {
        (address + Self.headerBytes).assumingMemoryBound(to: UInt8.self)
    }

    @inline(__always) var byteSpan: UnsafeBufferPointer<UInt8> { UnsafeBufferPointer(start: bytes, count: count) }

    /// Number of characters (Unicode scalars) of a string; counted once, then kept in `extra` plus one.
    var characterCount: Int {
        if extra != 0 { return Int(extra) - 1 }
        var characters = 0
        for byte in byteSpan where byte & 0xC0 != 0x80 { characters += 1 }
        extra = UInt32(characters + 1)
        return characters
    }

    var isASCII: Bool { characterCount == count }

    func equalsString(_ other: Object) -> Bool {
        if address == other.address { return true }
        guard count == other.count else { return false }
        return Memory.equal(bytes, other.bytes, count)
    }

    /// Byte offset of the character at `index`; nil past the end. The end itself has an offset.
    func byteOffset(ofCharacter index: Int) -> Int? {
        guard index >= 0, index <= characterCount else { return nil }
        if isASCII { return index }
        var characters = 0
        for offset in 0..<count where bytes[offset] & 0xC0 != 0x80 {
            if characters == index { return offset }
            characters += 1
        }
        return count
    }

    func characterIndex(ofByte offset: Int) -> Int {
        if isASCII { return offset }
        var characters = 0
        for index in 0..<offset where bytes[index] & 0xC0 != 0x80 { characters += 1 }
        return characters
    }
}

/// Bytes, compared and moved without a C library. A word at a time: strings are mostly short.
enum Memory {
    /// SAFETY: both pointers must be valid for `count` bytes.
    @inline(__always)
    static func equal(_ left: UnsafePointer<UInt8>, _ right: UnsafePointer<UInt8>, _ count: Int) -> Bool {
        let leftRaw = UnsafeRawPointer(left), rightRaw = UnsafeRawPointer(right)
        var index = 0
        while index &+ 8 <= count {
            let a = leftRaw.loadUnaligned(fromByteOffset: index, as: UInt64.self)
            let b = rightRaw.loadUnaligned(fromByteOffset: index, as: UInt64.self)
            if a != b { return false }
            index &+= 8
        }
        while index < count {
            if left[index] != right[index] { return false }
            index &+= 1
        }
        return true
    }

    /// -1, 0 or 1 in byte order, which for UTF-8 is the order of code points.
    static func compare(_ left: UnsafeBufferPointer<UInt8>, _ right: UnsafeBufferPointer<UInt8>) -> Int {
        let common = min(left.count, right.count)
        for index in 0..<common where left[index] != right[index] {
            return left[index] < right[index] ? -1 : 1
        }
        return left.count == right.count ? 0 : left.count < right.count ? -1 : 1
    }

    /// Offset of the first occurrence of `needle` at or after `start`.
    static func find(
        _ needle: UnsafeBufferPointer<UInt8>, in haystack: UnsafeBufferPointer<UInt8>, from start: Int
    ) -> Int? {
        guard needle.count > 0 else { return start <= haystack.count ? start : nil }
        guard haystack.count >= needle.count else { return nil }
        var offset = start
        let last = haystack.count - needle.count
        while offset <= last {
            if haystack[offset] == needle[0],
                equal(
                    haystack.baseAddress.unsafelyUnwrapped + offset, needle.baseAddress.unsafelyUnwrapped,
                    needle.count)
            {
                return offset
            }
            offset += 1
        }
        return nil
    }
}

extension Heap {
    /// A string with uninitialised bytes, which the caller fills at once with valid UTF-8.
    func newString(byteCount: Int) -> Object? {
        guard byteCount <= MachineLimits.stringBytesMax,
            let string = allocate(Tag.string, payloadBytes: byteCount)
        else { return nil }
        string.count = byteCount
        return string
    }

    func newString(_ source: UnsafePointer<UInt8>?, count: Int) -> Object? {
        guard let string = newString(byteCount: count) else { return nil }
        if let source, count > 0 { string.bytes.update(from: source, count: count) }
        return string
    }

    func newString(_ bytes: [UInt8]) -> Object? {
        bytes.withUnsafeBufferPointer { newString($0.baseAddress, count: $0.count) }
    }

    func concatenate(_ left: Object, _ right: Object) -> Object? {
        let leftCount = left.count
        guard let string = newString(byteCount: leftCount + right.count) else { return nil }
        string.bytes.update(from: left.bytes, count: leftCount)
        (string.bytes + leftCount).update(from: right.bytes, count: right.count)
        if left.extra != 0, right.extra != 0 { string.extra = left.extra + right.extra - 1 }
        return string
    }
}
