// Little-endian integers in bytes, at offsets that the caller has checked.
extension Span<UInt8> {
    func integer16(at offset: Int) -> UInt16 { UInt16(self[offset]) | UInt16(self[offset + 1]) << 8 }

    func integer32(at offset: Int) -> UInt32 {
        UInt32(integer16(at: offset)) | UInt32(integer16(at: offset + 2)) << 16
    }

    func integer64(at offset: Int) -> UInt64 {
        UInt64(integer32(at: offset)) | UInt64(integer32(at: offset + 4)) << 32
    }
}

extension Array<UInt8> {
    /// Appends the bytes of `value`, the lowest first.
    mutating func append(littleEndian value: some FixedWidthInteger & UnsignedInteger) {
        for shift in stride(from: 0, to: value.bitWidth, by: 8) {
            append(UInt8(truncatingIfNeeded: value >> shift))
        }
    }
}
