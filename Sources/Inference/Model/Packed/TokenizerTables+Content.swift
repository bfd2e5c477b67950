extension TokenizerTables {
    /// What the tables hold, used where it lies.
    struct Content {
        let vocabulary: Vocabulary
        /// Of byte-level BPE only.
        let merges: MergeTable?
    }

    /// Checks the tables and lends them. What a check of every slot would find, each look-up finds for its own slot.
    ///
    /// - Parameter file: the whole file, at an address aligned for its numbers; it outlives the content.
    func content(in file: UnsafeRawBufferPointer) throws(ContainerError) -> Content {
        precondition(byteRange.upperBound <= file.count, "these are not the file's bytes")
        let bytes = UnsafeRawBufferPointer(rebasing: file[byteRange])
        let actual = XXH64.digest(of: bytes.bytes)
        guard record.checksum == actual else {
            throw damage(at: 0, "checksum", .checksumMismatch(stated: record.checksum, actual: actual))
        }
        let layout = Layout(record)
        func part(_ range: Range<Int>) -> UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: bytes[range]) }
        let ends = PlainRow<Int32>(lending: part(layout.ends))
        let kinds = PlainRow<UInt8>(lending: part(layout.kinds))
        let longest = try checkedEnds(ends.span, at: layout.ends.lowerBound)
        for (token, kind) in part(layout.kinds).enumerated() where TokenKind(rawValue: kind) == nil {
            throw damage(
                at: layout.kinds.lowerBound + token, "kind of token \(token)", .tooLarge(UInt64(kind), limit: 6))
        }
        let table = ByteStringTable(
            bytes: PlainRow(lending: part(layout.texts)), ends: ends, slots: PlainRow(lending: part(layout.textSlots)))
        let hasMerges = !layout.mergeSlots.isEmpty
        return Content(
            vocabulary: Vocabulary(table: table, kinds: kinds, tokenByteCountMax: longest),
            merges: hasMerges
                ? MergeTable(slots: PlainRow(lending: part(layout.mergeSlots)), tokenCount: ends.count) : nil)
    }

    /// Texts follow each other and fill their bytes.
    ///
    /// - Returns: the length of the longest.
    private func checkedEnds(_ ends: Span<Int32>, at start: Int) throws(ContainerError) -> Int {
        var previous: Int32 = 0
        var longest: Int32 = 0
        for token in ends.indices {
            let end = ends[token]
            guard end >= previous, UInt64(end) <= record.textByteCount else {
                throw damage(
                    at: start + token * MemoryLayout<Int32>.stride, "end of token \(token)",
                    .outside(
                        UInt64(UInt32(bitPattern: end)), allowed: Int(previous)..<(Int(record.textByteCount) + 1)))
            }
            longest = max(longest, end - previous)
            previous = end
        }
        guard UInt64(previous) == record.textByteCount else {
            throw damage(
                at: start, "end of the last token",
                .unexpected(UInt64(previous), expected: record.textByteCount))
        }
        return Int(longest)
    }

    private func damage(at offset: Int, _ what: String, _ problem: ContainerError.Problem) -> ContainerError {
        ContainerError(offset: self.offset + offset, field: "tokenizer tables: " + what, problem: problem)
    }
}

extension TokenizerTables {
    /// The tables of a tokenizer as a file holds them, and their record.
    static func encode(_ tokenizer: Tokenizer) -> (record: Record, bytes: [UInt8]) {
        let vocabulary = tokenizer.vocabulary
        var record = Record.none
        var bytes: [UInt8] = []
        record.tokenCount = UInt32(vocabulary.count)
        record.textSlotCount = UInt32(vocabulary.table.slots.count)
        record.textByteCount = UInt64(vocabulary.table.bytes.count)
        bytes.append(vocabulary.table.slots)
        switch tokenizer.algorithm {
        case .byteLevelBPE(let bpe):
            record.encoding = Vocabulary.Encoding.byteLevel.rawValue
            record.mergeSlotCount = UInt32(bpe.merges.slots.count)
            bytes.append(bpe.merges.slots)
        case .sentencePiece:
            record.encoding = Vocabulary.Encoding.sentencePiece.rawValue
        }
        bytes.append(vocabulary.table.ends)
        bytes.append(vocabulary.kinds)
        bytes.append(vocabulary.table.bytes)
        precondition(bytes.count == Layout(record).byteCount, "tables are written as they are read")
        record.checksum = XXH64.digest(of: bytes.span.bytes)
        return (record, bytes)
    }
}

extension [UInt8] {
    /// Appends the elements as they lie in memory (this is for little-endian machines) and pads them.
    fileprivate mutating func append<Value>(_ row: PlainRow<Value>) {
        row.span.withUnsafeBytes { append(contentsOf: $0) }
        pad(toMultipleOf: PackedFormat.tensorAlignment)
    }
}
