extension PackedHeaderParser {
    /// The tokenizer tables that the record describes; nil where it is all zeros, or where there is none. Sizes are
    /// bounded before anything is computed from them.
    func parseTokenizerTables(_ sections: Sections) throws(HeaderCursor.Stop) -> TokenizerTables? {
        guard let start = sections.tokenizerRecordStart else { return nil }
        typealias Record = TokenizerTables.Record
        typealias Field = Record.Field
        let record = Record(bytes, at: start)
        try checkReserved(start, from: record.encoding == 0 ? Field.tokenCount : Field.reserved)
        if record.encoding == 0 { return nil }
        func invalid(_ field: Int, _ what: String, _ problem: ContainerError.Problem) -> HeaderCursor.Stop {
            Self.invalid(start + field, "tokenizer tables: " + what, problem)
        }
        func checkSlots(_ count: UInt32, _ field: Int, _ what: String) throws(HeaderCursor.Stop) {
            guard count > 0, count & (count - 1) == 0 else {
                throw invalid(field, what, .notPowerOfTwo(UInt64(count)))
            }
            guard count <= UInt32(PackedFormat.tokenizerSlotCountMax) else {
                throw invalid(field, what, .tooLarge(UInt64(count), limit: PackedFormat.tokenizerSlotCountMax))
            }
        }
        guard let encoding = TokenizerTables.Encoding(rawValue: record.encoding) else {
            throw invalid(Field.encoding, "encoding", .tooLarge(UInt64(record.encoding), limit: 2))
        }
        guard record.tokenCount > 0 else { throw invalid(Field.tokenCount, "tokens", .empty) }
        guard record.tokenCount <= UInt32(ModelLimits.vocabularySizeMax) else {
            throw invalid(
                Field.tokenCount, "tokens",
                .tooLarge(UInt64(record.tokenCount), limit: ModelLimits.vocabularySizeMax))
        }
        try checkSlots(record.textSlotCount, Field.textSlotCount, "slots of texts")
        switch encoding {
        case .byteLevel: try checkSlots(record.mergeSlotCount, Field.mergeSlotCount, "slots of merges")
        case .sentencePiece:
            guard record.mergeSlotCount == 0 else {
                throw invalid(
                    Field.mergeSlotCount, "slots of merges",
                    .unexpected(UInt64(record.mergeSlotCount), expected: 0))
            }
        }
        guard record.textByteCount <= UInt64(Int32.max) else {
            throw invalid(Field.textByteCount, "bytes of texts", .tooLarge(record.textByteCount, limit: Int(Int32.max)))
        }
        let tables = TokenizerTables(record: record, offset: start + Record.byteCount)
        guard tables.byteRange.upperBound <= sections.weightsOffset else {
            throw invalid(
                Field.textByteCount, "end",
                .outside(
                    UInt64(tables.byteRange.upperBound), allowed: tables.offset..<sections.weightsOffset))
        }
        return tables
    }

    private func checkReserved(_ start: Int, from field: Int) throws(HeaderCursor.Stop) {
        for offset in (start + field)..<(start + TokenizerTables.Record.byteCount) {
            let byte: UInt8 = HeaderCursor.load(bytes, at: offset)
            guard byte == 0 else {
                throw Self.invalid(
                    offset, "reserved bytes of the tokenizer tables",
                    .unexpected(UInt64(byte), expected: 0))
            }
        }
    }
}
