/// The first 64 bytes of an HXM file (`docs/hxm.md`): how large its sections are, and the checksums of all that is not
/// tensor data.
struct PackedHeader: Equatable {
    var version: UInt32
    var fileByteCount: UInt64
    var metadataByteCount: UInt64
    var metadataCount: UInt32
    var tensorCount: UInt32
    /// Where matrices begin; a multiple of `PackedFormat.regionAlignment`.
    var weightsOffset: UInt64
    /// XXH64 of all between the header and the end of the tensor table and of the tokenizer tables' record.
    var tablesChecksum: UInt64
}

/// Numbers of the format. Sections follow each other: header, metadata, tensor table, tokenizer tables behind their
/// record, vectors, weights.
package enum PackedFormat {
    /// What is written.
    static let version: UInt32 = 2
    /// Files without tokenizer tables and without their record. They are read too.
    static let versionWithoutTokenizer: UInt32 = 1
    /// A byte no text begins with, the name, and line ends that a transfer as text would change.
    static let magic: [UInt8] = [0x89, 0x48, 0x58, 0x4d, 0x0d, 0x0a, 0x1a, 0x0a]
    static let headerByteCount = 64
    /// Of the table and of every tensor: a cache line, and one AVX-512 register.
    package static let tensorAlignment = 64
    /// Of the weights' beginning and the file's end: a large page.
    static let regionAlignment = 2 << 20
    /// Slots of a tokenizer table: at most four for each token, as there are.
    static let tokenizerSlotCountMax = 4 * ModelLimits.vocabularySizeMax

    static func aligned(_ offset: Int, to alignment: Int) -> Int {
        (offset + alignment - 1) & ~(alignment - 1)
    }
}

extension PackedHeader {
    /// Where fields stand.
    enum Field {
        static let version = 8
        static let headerByteCount = 12
        static let fileByteCount = 16
        static let metadataByteCount = 24
        static let metadataCount = 32
        static let tensorCount = 36
        static let weightsOffset = 40
        static let tablesChecksum = 48
        static let headerChecksum = 56
    }

    /// The header's bytes, its own checksum included.
    var encoded: [UInt8] {
        var bytes = PackedFormat.magic
        bytes.appendLittleEndian(version)
        bytes.appendLittleEndian(UInt32(PackedFormat.headerByteCount))
        bytes.appendLittleEndian(fileByteCount)
        bytes.appendLittleEndian(metadataByteCount)
        bytes.appendLittleEndian(metadataCount)
        bytes.appendLittleEndian(tensorCount)
        bytes.appendLittleEndian(weightsOffset)
        bytes.appendLittleEndian(tablesChecksum)
        bytes.appendLittleEndian(XXH64.digest(of: bytes.span.bytes))
        return bytes
    }
}

extension [UInt8] {
    mutating func appendLittleEndian<Value: FixedWidthInteger & UnsignedInteger>(_ value: Value) {
        for shift in stride(from: 0, to: Value.bitWidth, by: 8) {
            append(UInt8(truncatingIfNeeded: value >> Value(shift)))
        }
    }

    /// Zeros up to a multiple of `alignment`.
    package mutating func pad(toMultipleOf alignment: Int) {
        let end = PackedFormat.aligned(count, to: alignment)
        append(contentsOf: repeatElement(0, count: end - count))
    }
}
