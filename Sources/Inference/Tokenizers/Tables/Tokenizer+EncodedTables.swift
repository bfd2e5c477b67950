import ModelFormats

extension Tokenizer {
    /// The look-up tables as an HXM file holds them.
    public var encodedTables: TokenizerTables.Encoded {
        var record = TokenizerTables.Record.none
        var bytes: [UInt8] = []
        record.tokenCount = UInt32(vocabulary.count)
        record.textSlotCount = UInt32(vocabulary.table.slots.count)
        record.textByteCount = UInt64(vocabulary.table.bytes.count)
        bytes.append(vocabulary.table.slots)
        switch algorithm {
        case .byteLevelBPE(let bpe):
            record.encoding = TokenizerTables.Encoding.byteLevel.rawValue
            record.mergeSlotCount = UInt32(bpe.merges.slots.count)
            bytes.append(bpe.merges.slots)
        case .sentencePiece:
            record.encoding = TokenizerTables.Encoding.sentencePiece.rawValue
        }
        bytes.append(vocabulary.table.ends)
        bytes.append(vocabulary.kinds)
        bytes.append(vocabulary.table.bytes)
        precondition(bytes.count == TokenizerTables.Layout(record).byteCount, "tables are written as they are read")
        record.checksum = XXH64.digest(of: bytes.span.bytes)
        return TokenizerTables.Encoded(record: record, bytes: bytes)
    }
}

extension [UInt8] {
    /// Appends the elements as they lie in memory (this is for little-endian machines) and pads them.
    fileprivate mutating func append<Value>(_ row: PlainRow<Value>) {
        row.span.withUnsafeBytes { append(contentsOf: $0) }
        pad(toMultipleOf: PackedFormat.tensorAlignment)
    }
}
