import Tensor

/// One entry of an HXM file's tensor table (128 bytes, `docs/hxm.md`).
struct PackedTensor: Equatable {
    var name: [UInt8]
    var type: UInt32
    var layout: UInt32
    var columns: UInt64
    var rows: UInt64
    /// From the file's start.
    var offset: UInt64
    var byteCount: UInt64
    /// XXH64 of the tensor's bytes.
    var checksum: UInt64

    static let entryByteCount = 128
    static let nameByteCount = GGUFLimits.tensorNameByteCountMax

    /// Where fields stand in an entry.
    enum Field {
        static let name = 0
        static let type = 64
        static let layout = 68
        static let columns = 72
        static let rows = 80
        static let offset = 88
        static let byteCount = 96
        static let checksum = 104
        static let reserved = 112
    }

    var encoded: [UInt8] {
        precondition(name.count <= Self.nameByteCount, "a directory's names are bounded")
        var bytes = name
        bytes.append(contentsOf: repeatElement(0, count: Self.nameByteCount - name.count))
        bytes.appendLittleEndian(type)
        bytes.appendLittleEndian(layout)
        for field in [columns, rows, offset, byteCount, checksum] { bytes.appendLittleEndian(field) }
        bytes.append(contentsOf: repeatElement(0, count: Self.entryByteCount - bytes.count))
        return bytes
    }
}

extension PackedTensor {
    /// Reads the fields of the entry at `start`, which lies within `bytes`; nothing is checked.
    init(_ bytes: RawSpan, at start: Int) {
        name = []
        for index in 0..<Self.nameByteCount {
            let byte: UInt8 = HeaderCursor.load(bytes, at: start + index)
            if byte == 0 { break }
            name.append(byte)
        }
        type = HeaderCursor.integer(bytes, at: start + Field.type)
        layout = HeaderCursor.integer(bytes, at: start + Field.layout)
        columns = HeaderCursor.integer(bytes, at: start + Field.columns)
        rows = HeaderCursor.integer(bytes, at: start + Field.rows)
        offset = HeaderCursor.integer(bytes, at: start + Field.offset)
        byteCount = HeaderCursor.integer(bytes, at: start + Field.byteCount)
        checksum = HeaderCursor.integer(bytes, at: start + Field.checksum)
    }
}
