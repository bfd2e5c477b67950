import ModelFormats

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
