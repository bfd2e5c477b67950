import Tensor

/// One run over an HXM header: preamble, metadata, tensor table (`docs/hxm.md`). Every length and offset is checked
/// before it is used, and the checksums before what they cover is believed.
struct PackedHeaderParser: ~Escapable {
    let bytes: RawSpan
    let fileSize: Int

    @_lifetime(copy bytes)
    init(_ bytes: RawSpan, fileSize: Int) {
        self.bytes = bytes
        self.fileSize = fileSize
    }

    /// Whether a file begins as HXM files do: the first byte tells.
    static func recognizes(_ bytes: RawSpan) -> Bool {
        bytes.byteCount > 0 && (HeaderCursor.load(bytes, at: 0) as UInt8) == PackedFormat.magic[0]
    }

    func parse() throws(HeaderCursor.Stop) -> ModelContainer {
        let header = try parseHeader()
        let sections = try Sections(header, fileSize: fileSize)
        guard sections.tableEnd <= bytes.byteCount else { throw .needsMoreBytes(atLeast: sections.tableEnd) }
        let tables = bytes.extracting(PackedFormat.headerByteCount..<sections.tableEnd)
        try check(header.tablesChecksum, of: tables, at: PackedHeader.Field.tablesChecksum, "checksum of the tables")
        let metadata = try parseMetadata(header, sections)
        let tokenizerTables = try parseTokenizerTables(sections)
        let vectorsStart = tokenizerTables?.byteRange.upperBound ?? sections.tableEnd
        let directory = try parseTable(header, sections, vectorsStart: vectorsStart)
        return ModelContainer(
            format: .hxm, version: header.version, metadata: metadata, metadataByteRange: sections.metadata,
            tensors: directory.tensors, headerByteCount: sections.tableEnd, dataOffset: vectorsStart,
            fileSize: fileSize, tokenizerTables: tokenizerTables, tensorNames: directory.names)
    }

    static func invalid(_ offset: Int, _ field: String, _ problem: ContainerError.Problem) -> HeaderCursor.Stop {
        .invalid(ContainerError(offset: offset, field: field, problem: problem))
    }

    private func check(
        _ stated: UInt64, of covered: RawSpan, at offset: Int, _ field: String
    ) throws(HeaderCursor.Stop) {
        let actual = XXH64.digest(of: covered)
        guard stated == actual else {
            throw Self.invalid(offset, field, .checksumMismatch(stated: stated, actual: actual))
        }
    }
}

// MARK: - Header

extension PackedHeaderParser {
    private func parseHeader() throws(HeaderCursor.Stop) -> PackedHeader {
        var cursor = HeaderCursor(bytes, fileSize: fileSize)
        try checkMagic(&cursor)
        let version = try cursor.integer(UInt32.self, "version")
        guard version == PackedFormat.version || version == PackedFormat.versionWithoutTokenizer else {
            throw Self.invalid(
                PackedHeader.Field.version, "version",
                .unsupportedVersion(version, supported: "1 and 2 are"))
        }
        let headerByteCount = try cursor.integer(UInt32.self, "header size")
        guard headerByteCount == UInt32(PackedFormat.headerByteCount) else {
            throw Self.invalid(
                PackedHeader.Field.headerByteCount, "header size",
                .unexpected(UInt64(headerByteCount), expected: UInt64(PackedFormat.headerByteCount)))
        }
        let header = PackedHeader(
            version: version,
            fileByteCount: try cursor.integer(UInt64.self, "file size"),
            metadataByteCount: try cursor.integer(UInt64.self, "metadata size"),
            metadataCount: try cursor.integer(UInt32.self, "metadata count"),
            tensorCount: try cursor.integer(UInt32.self, "tensor count"),
            weightsOffset: try cursor.integer(UInt64.self, "offset of the weights"),
            tablesChecksum: try cursor.integer(UInt64.self, "checksum of the tables"))
        let checksum = try cursor.integer(UInt64.self, "checksum of the header")
        try check(
            checksum, of: bytes.extracting(0..<PackedHeader.Field.headerChecksum),
            at: PackedHeader.Field.headerChecksum, "checksum of the header")
        return header
    }

    private func checkMagic(_ cursor: inout HeaderCursor) throws(HeaderCursor.Stop) {
        let range = try cursor.skip(UInt64(PackedFormat.magic.count), "magic")
        for (offset, expected) in zip(range, PackedFormat.magic)
        where (HeaderCursor.load(bytes, at: offset) as UInt8) != expected {
            let magic: UInt32 = HeaderCursor.load(bytes, at: 0)
            throw Self.invalid(0, "magic", .foreign(magic: UInt32(littleEndian: magic).byteSwapped))
        }
    }

    private func parseMetadata(
        _ header: PackedHeader, _ sections: Sections
    ) throws(HeaderCursor.Stop) -> [ModelContainer.MetadataEntry] {
        var parser = GGUFHeaderParser(bytes, fileSize: fileSize, section: sections.metadata)
        let metadata = try parser.parseMetadata(count: Int(header.metadataCount))
        guard parser.cursor.offset == sections.metadata.upperBound else {
            let used = parser.cursor.offset - sections.metadata.lowerBound
            throw Self.invalid(
                PackedHeader.Field.metadataByteCount, "metadata size",
                .unexpected(header.metadataByteCount, expected: UInt64(used)))
        }
        return metadata.entries
    }
}

// MARK: - Sections

/// Where the header's sizes put the sections, checked against the file's size and the limits.
struct Sections {
    let metadata: Range<Int>
    let tableStart: Int
    /// Behind the tensor table; nil in files of a version that has no such record.
    let tokenizerRecordStart: Int?
    /// The end of what the checksum of the tables covers. Tokenizer tables or vectors may begin here.
    let tableEnd: Int
    let weightsOffset: Int

    fileprivate init(_ header: PackedHeader, fileSize: Int) throws(HeaderCursor.Stop) {
        typealias Field = PackedHeader.Field
        typealias Parser = PackedHeaderParser
        guard header.fileByteCount <= UInt64(fileSize) else {
            throw Parser.invalid(
                Field.fileByteCount, "file size",
                .truncated(needed: header.fileByteCount, fileSize: fileSize))
        }
        guard header.fileByteCount == UInt64(fileSize) else {
            throw Parser.invalid(
                Field.fileByteCount, "file size",
                .unexpected(header.fileByteCount, expected: UInt64(fileSize)))
        }
        guard header.metadataCount <= UInt32(GGUFLimits.metadataCountMax) else {
            throw Parser.invalid(
                Field.metadataCount, "metadata count",
                .tooLarge(
                    UInt64(header.metadataCount), limit: GGUFLimits.metadataCountMax))
        }
        guard header.tensorCount <= UInt32(GGUFLimits.tensorCountMax) else {
            throw Parser.invalid(
                Field.tensorCount, "tensor count",
                .tooLarge(
                    UInt64(header.tensorCount), limit: GGUFLimits.tensorCountMax))
        }
        guard fileSize % PackedFormat.regionAlignment == 0 else {
            throw Parser.invalid(
                Field.fileByteCount, "file size",
                .misaligned(
                    offset: header.fileByteCount, alignment: PackedFormat.regionAlignment))
        }
        let start = PackedFormat.headerByteCount
        guard header.metadataByteCount <= UInt64(fileSize - start) else {
            throw Parser.invalid(
                Field.metadataByteCount, "metadata size",
                .tooLarge(
                    header.metadataByteCount, limit: fileSize - start))
        }
        metadata = start..<(start + Int(header.metadataByteCount))
        tableStart = PackedFormat.aligned(metadata.upperBound, to: PackedFormat.tensorAlignment)
        let tensorsEnd = tableStart + Int(header.tensorCount) * PackedTensor.entryByteCount
        tokenizerRecordStart = header.version == PackedFormat.versionWithoutTokenizer ? nil : tensorsEnd
        tableEnd = tokenizerRecordStart.map { $0 + TokenizerTables.Record.byteCount } ?? tensorsEnd
        guard tableEnd <= fileSize else {
            throw Parser.invalid(
                Field.tensorCount, "tensor count",
                .truncated(needed: UInt64(tableEnd), fileSize: fileSize))
        }
        guard header.weightsOffset % UInt64(PackedFormat.regionAlignment) == 0 else {
            throw Parser.invalid(
                Field.weightsOffset, "offset of the weights",
                .misaligned(
                    offset: header.weightsOffset, alignment: PackedFormat.regionAlignment))
        }
        guard (UInt64(tableEnd)...UInt64(fileSize)).contains(header.weightsOffset) else {
            throw Parser.invalid(
                Field.weightsOffset, "offset of the weights",
                .outside(
                    header.weightsOffset, allowed: tableEnd..<fileSize))
        }
        weightsOffset = Int(header.weightsOffset)
    }
}
