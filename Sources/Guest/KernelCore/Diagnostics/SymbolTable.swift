/// The image's own symbols, for backtraces: sorted function addresses and their demangled names.
///
/// Layout (written by `scripts/link-kernel`, little-endian): magic "HXSY", entry count, then per entry the function's
/// address and the offset of its name, both 32 bits; then the names, each ended by a zero byte.
public struct SymbolTable {
    // SAFETY: every offset is compared with the table's size before it is read.

    private let bytes: UnsafeRawBufferPointer
    private let count: Int

    private static var headerBytes: Int { 8 }
    private static var magic: UInt32 { 0x5953_5848 }

    /// An image linked without symbols has none; a damaged table counts as none.
    public init?(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count >= Self.headerBytes, bytes.loadUnaligned(as: UInt32.self) == Self.magic else { return nil }
        count = Int(bytes.loadUnaligned(fromByteOffset: 4, as: UInt32.self))
        guard count <= (bytes.count - Self.headerBytes) / 8 else { return nil }
        self.bytes = bytes
    }

    /// The function that `address` lies in and how far into it; nil below the first one.
    public func lookUp(_ address: UInt64) -> (name: UnsafeRawBufferPointer, offset: UInt64)? {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if entry(middle).address <= address { low = middle + 1 } else { high = middle }
        }
        guard low > 0 else { return nil }
        let found = entry(low - 1)
        guard found.nameOffset < bytes.count else { return nil }
        let tail = bytes[found.nameOffset...]
        guard let end = tail.firstIndex(of: 0) else { return nil }
        return (UnsafeRawBufferPointer(rebasing: tail[..<end]), address - found.address)
    }

    private func entry(_ index: Int) -> (address: UInt64, nameOffset: Int) {
        let offset = Self.headerBytes + index * 8
        return (
            UInt64(bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self)),
            Int(bytes.loadUnaligned(fromByteOffset: offset + 4, as: UInt32.self))
        )
    }
}
