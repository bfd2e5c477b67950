/// A tokenizer's look-up tables in an HXM file (`docs/hxm.md`): where they lie, and what their record says of them.
struct TokenizerTables: Equatable, Sendable {
    let record: Record
    /// Of the tables, behind the record, from the file's start.
    let offset: Int

    var byteRange: Range<Int> { offset..<(offset + Layout(record).byteCount) }

    /// The 64 bytes that describe the tables; all zero where there are none.
    struct Record: Equatable, Sendable {
        /// `Vocabulary.Encoding`'s raw value.
        var encoding: UInt32
        var tokenCount: UInt32
        /// Slots of the look-up by text, a power of two.
        var textSlotCount: UInt32
        /// Slots of the look-up of merges, a power of two; zero for SentencePiece, which has none.
        var mergeSlotCount: UInt32
        /// Bytes of all tokens' texts.
        var textByteCount: UInt64
        /// XXH64 of the tables.
        var checksum: UInt64

        static let byteCount = 64

        /// Where fields stand.
        enum Field {
            static let encoding = 0
            static let tokenCount = 4
            static let textSlotCount = 8
            static let mergeSlotCount = 12
            static let textByteCount = 16
            static let checksum = 24
            static let reserved = 32
        }
    }

    /// Where each table lies, from the first one's start. The sizes of a checked record do not overflow.
    struct Layout {
        let textSlots: Range<Int>
        let mergeSlots: Range<Int>
        let ends: Range<Int>
        let kinds: Range<Int>
        let texts: Range<Int>
        let byteCount: Int

        init(_ record: Record) {
            var end = 0
            func next(_ count: Int, of elementByteCount: Int) -> Range<Int> {
                let start = end
                end = PackedFormat.aligned(start + count * elementByteCount, to: PackedFormat.tensorAlignment)
                return start..<(start + count * elementByteCount)
            }
            textSlots = next(Int(record.textSlotCount), of: MemoryLayout<ByteStringTable.Slot>.stride)
            mergeSlots = next(Int(record.mergeSlotCount), of: MemoryLayout<MergeTable.Slot>.stride)
            ends = next(Int(record.tokenCount), of: MemoryLayout<Int32>.stride)
            kinds = next(Int(record.tokenCount), of: 1)
            texts = next(Int(record.textByteCount), of: 1)
            byteCount = end
        }
    }
}

extension TokenizerTables.Record {
    static let none = Self(
        encoding: 0, tokenCount: 0, textSlotCount: 0, mergeSlotCount: 0, textByteCount: 0, checksum: 0)

    var encoded: [UInt8] {
        var bytes: [UInt8] = []
        for field in [encoding, tokenCount, textSlotCount, mergeSlotCount] { bytes.appendLittleEndian(field) }
        bytes.appendLittleEndian(textByteCount)
        bytes.appendLittleEndian(checksum)
        bytes.append(contentsOf: repeatElement(0, count: Self.byteCount - bytes.count))
        return bytes
    }

    /// Reads the record at `start`, which lies within `bytes`; nothing is checked.
    init(_ bytes: RawSpan, at start: Int) {
        encoding = HeaderCursor.integer(bytes, at: start + Field.encoding)
        tokenCount = HeaderCursor.integer(bytes, at: start + Field.tokenCount)
        textSlotCount = HeaderCursor.integer(bytes, at: start + Field.textSlotCount)
        mergeSlotCount = HeaderCursor.integer(bytes, at: start + Field.mergeSlotCount)
        textByteCount = HeaderCursor.integer(bytes, at: start + Field.textByteCount)
        checksum = HeaderCursor.integer(bytes, at: start + Field.checksum)
    }
}
