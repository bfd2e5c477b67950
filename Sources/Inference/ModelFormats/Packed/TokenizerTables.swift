/// A tokenizer's look-up tables in an HXM file (`docs/hxm.md`): where they lie, and what their record says of them.
public struct TokenizerTables: Equatable, Sendable {
    package let record: Record
    /// Of the tables, behind the record, from the file's start.
    package let offset: Int

    package var byteRange: Range<Int> { offset..<(offset + Layout(record).byteCount) }

    /// The 64 bytes that describe the tables; all zero where there are none.
    package struct Record: Equatable, Sendable {
        /// `Encoding`'s raw value.
        package var encoding: UInt32
        package var tokenCount: UInt32
        /// Slots of the look-up by text, a power of two.
        package var textSlotCount: UInt32
        /// Slots of the look-up of merges, a power of two; zero for SentencePiece, which has none.
        package var mergeSlotCount: UInt32
        /// Bytes of all tokens' texts.
        package var textByteCount: UInt64
        /// XXH64 of the tables.
        package var checksum: UInt64

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

    /// What a vocabulary's entries are written in.
    package enum Encoding: UInt32 { case byteLevel = 1, sentencePiece = 2 }

    /// One merge of byte-level BPE, in the table that finds it by its pair.
    package struct MergeSlot: BitwiseCopyable, Sendable {
        /// Left token in the high half, right token in the low one.
        package var pair: UInt64
        package var rank: UInt32
        package var token: TokenID

        @inlinable
        package init(pair: UInt64, rank: UInt32, token: TokenID) {
            self.pair = pair
            self.rank = rank
            self.token = token
        }
    }

    /// The tables of a tokenizer as a file holds them, and their record.
    public struct Encoded: Sendable {
        package let record: Record
        package let bytes: [UInt8]

        package init(record: Record, bytes: [UInt8]) {
            self.record = record
            self.bytes = bytes
        }
    }

    /// Where each table lies, from the first one's start. The sizes of a checked record do not overflow.
    package struct Layout {
        package let textSlots: Range<Int>
        package let mergeSlots: Range<Int>
        package let ends: Range<Int>
        package let kinds: Range<Int>
        package let texts: Range<Int>
        package let byteCount: Int

        package init(_ record: Record) {
            var end = 0
            func next(_ count: Int, of elementByteCount: Int) -> Range<Int> {
                let start = end
                end = PackedFormat.aligned(start + count * elementByteCount, to: PackedFormat.tensorAlignment)
                return start..<(start + count * elementByteCount)
            }
            textSlots = next(Int(record.textSlotCount), of: MemoryLayout<ByteStringTable.Slot>.stride)
            mergeSlots = next(Int(record.mergeSlotCount), of: MemoryLayout<MergeSlot>.stride)
            ends = next(Int(record.tokenCount), of: MemoryLayout<Int32>.stride)
            kinds = next(Int(record.tokenCount), of: 1)
            texts = next(Int(record.textByteCount), of: 1)
            byteCount = end
        }
    }
}

extension TokenizerTables.Record {
    package static let none = Self(
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
