// Access to wire bytes: big-endian, as networks have it, and little-endian for virtio's own protocols. Every access is
// bounds-checked by the span itself; views check their length once so that hostile input is refused instead of reaching
// that check.

extension RawSpan {
    @inline(__always)
    func byte(at offset: Int) -> UInt8 {
        unsafeLoadUnaligned(fromByteOffset: offset, as: UInt8.self)
    }

    @inline(__always)
    func bigEndian16(at offset: Int) -> UInt16 {
        UInt16(bigEndian: unsafeLoadUnaligned(fromByteOffset: offset, as: UInt16.self))
    }

    @inline(__always)
    func bigEndian32(at offset: Int) -> UInt32 {
        UInt32(bigEndian: unsafeLoadUnaligned(fromByteOffset: offset, as: UInt32.self))
    }

    @inline(__always)
    func littleEndian16(at offset: Int) -> UInt16 {
        UInt16(littleEndian: unsafeLoadUnaligned(fromByteOffset: offset, as: UInt16.self))
    }

    @inline(__always)
    func littleEndian32(at offset: Int) -> UInt32 {
        UInt32(littleEndian: unsafeLoadUnaligned(fromByteOffset: offset, as: UInt32.self))
    }

    @inline(__always)
    func littleEndian64(at offset: Int) -> UInt64 {
        UInt64(littleEndian: unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }
}

extension MutableRawSpan {
    @inline(__always)
    @_lifetime(self: copy self)
    mutating func store(_ value: UInt8, at offset: Int) {
        storeBytes(of: value, toByteOffset: offset, as: UInt8.self)
    }

    @inline(__always)
    @_lifetime(self: copy self)
    mutating func storeBigEndian(_ value: UInt16, at offset: Int) {
        storeBytes(of: value.bigEndian, toByteOffset: offset, as: UInt16.self)
    }

    @inline(__always)
    @_lifetime(self: copy self)
    mutating func storeBigEndian(_ value: UInt32, at offset: Int) {
        storeBytes(of: value.bigEndian, toByteOffset: offset, as: UInt32.self)
    }

    @inline(__always)
    @_lifetime(self: copy self)
    mutating func storeLittleEndian<Value: FixedWidthInteger & BitwiseCopyable>(_ value: Value, at offset: Int) {
        storeBytes(of: value.littleEndian, toByteOffset: offset, as: Value.self)
    }

    /// Copies all of `source` to `offset`.
    @_lifetime(self: copy self)
    mutating func copy(_ source: RawSpan, at offset: Int) {
        let count = source.byteCount
        precondition(offset >= 0 && count <= byteCount - offset)
        withUnsafeMutableBytes { target in
            source.withUnsafeBytes { bytes in
                // SAFETY: the precondition above keeps `offset ..< offset + count` inside the target.
                guard count > 0 else { return }
                target.baseAddress!.advanced(by: offset).copyMemory(from: bytes.baseAddress!, byteCount: count)
            }
        }
    }

    /// Writes `count` zero bytes from `offset` on.
    @_lifetime(self: copy self)
    mutating func zero(at offset: Int, count: Int) {
        for index in offset..<offset + count { store(UInt8(0), at: index) }
    }
}
