/// One run over a header. The parts come in the file's order: preamble, metadata, tensor directory.
///
/// HXM files hold the same metadata as a section of their own, which `parseMetadata` reads.
struct GGUFHeaderParser: ~Escapable {
    var cursor: HeaderCursor
    let bytes: RawSpan
    let fileSize: Int

    /// - Parameter section: what to read, within the file; all of it when nil.
    @_lifetime(copy bytes)
    init(_ bytes: RawSpan, fileSize: Int, section: Range<Int>? = nil) {
        self.bytes = bytes
        self.fileSize = fileSize
        cursor = HeaderCursor(bytes, fileSize: fileSize, section: section)
    }

    mutating func parse() throws(HeaderCursor.Stop) -> ModelContainer {
        let version = try parseVersion()
        let tensorCount = try cursor.count(limit: GGUFLimits.tensorCountMax, "tensor count")
        let metadataCount = try cursor.count(limit: GGUFLimits.metadataCountMax, "metadata count")
        let metadataStart = cursor.offset
        let metadata = try parseMetadata(count: metadataCount)
        let metadataEnd = cursor.offset
        let alignment = metadata.alignment
        let directory = try parseTensorDirectory(count: tensorCount)
        let headerEnd = cursor.offset
        let (dataOffset, overflow) = headerEnd.addingReportingOverflow(alignment - 1)
        precondition(!overflow, "the alignment is bounded")
        let dataStart = dataOffset & ~(alignment - 1)
        let tensors = try placeTensors(directory.claims, dataStart: dataStart, alignment: alignment)
        return ModelContainer(
            format: .gguf, version: version, metadata: metadata.entries,
            metadataByteRange: metadataStart..<metadataEnd, tensors: tensors, headerByteCount: headerEnd,
            dataOffset: dataStart, fileSize: fileSize, tensorNames: directory.names)
    }

    func invalid(_ offset: Int, _ field: String, _ problem: ContainerError.Problem) -> HeaderCursor.Stop {
        .invalid(ContainerError(offset: offset, field: field, problem: problem))
    }
}

// MARK: - Preamble and metadata

extension GGUFHeaderParser {
    private mutating func parseVersion() throws(HeaderCursor.Stop) -> UInt32 {
        let magic = try cursor.integer(UInt32.self, "magic")
        guard magic == 0x4655_4747 else { throw invalid(0, "magic", .foreign(magic: magic.byteSwapped)) }
        let version = try cursor.integer(UInt32.self, "version")
        switch version {
        case 2, 3: return version
        case _ where (1...3).contains(version.byteSwapped): throw invalid(4, "version", .bigEndian)
        default: throw invalid(4, "version", .unsupportedVersion(version, supported: "2 and 3 are"))
        }
    }

    /// `count` entries from the cursor on, and the alignment of tensor data that they state.
    mutating func parseMetadata(
        count: Int
    ) throws(HeaderCursor.Stop) -> (entries: [ModelContainer.MetadataEntry], alignment: Int) {
        var entries: [ModelContainer.MetadataEntry] = []
        var keys = ByteStringTable(capacity: count, byteCapacity: 0)
        var alignment = 32
        for index in 0..<count {
            let keyOffset = cursor.offset
            let keyBytes = try cursor.name(limit: GGUFLimits.keyByteCountMax, "metadata key \(index)")
            let key = String(decoding: keyBytes, as: UTF8.self)
            try check(
                keys.append {
                    $0 += keyBytes; return true
                }, keyOffset, "metadata key '" + key + "'")
            let typeOffset = cursor.offset
            let type = try parseValueType(key)
            let value = try parseValue(of: type, key)
            if key == "general.alignment" {
                alignment = try checkedAlignment(value, at: typeOffset, key)
            }
            entries.append(ModelContainer.MetadataEntry(key: key, value: value))
        }
        return (entries, alignment)
    }

    func check(
        _ insertion: ByteStringTable.Insertion, _ offset: Int, _ field: String
    ) throws(HeaderCursor.Stop) {
        switch insertion {
        case .inserted: return
        case .duplicate: throw invalid(offset, field, .duplicate)
        case .tooManyCollisions: throw invalid(offset, field, .tooManyCollisions)
        }
    }

    private func checkedAlignment(
        _ value: GGUFValue, at offset: Int, _ key: String
    ) throws(HeaderCursor.Stop) -> Int {
        guard let alignment = value.integer else { throw invalid(offset, key, .wrongType(expected: "an integer")) }
        guard alignment > 0, alignment & (alignment - 1) == 0 else {
            throw invalid(offset, key, .notPowerOfTwo(UInt64(bitPattern: Int64(alignment))))
        }
        guard alignment <= GGUFLimits.alignmentMax else {
            throw invalid(offset, key, .tooLarge(UInt64(alignment), limit: GGUFLimits.alignmentMax))
        }
        return alignment
    }

    private mutating func parseValueType(_ field: String) throws(HeaderCursor.Stop) -> GGUFValueType {
        let offset = cursor.offset
        let raw = try cursor.integer(UInt32.self, field)
        guard let type = GGUFValueType(rawValue: raw) else { throw invalid(offset, field, .unknownValueType(raw)) }
        return type
    }

    private mutating func parseValue(of type: GGUFValueType, _ key: String) throws(HeaderCursor.Stop) -> GGUFValue {
        switch type {
        case .uint8: return .uint8(try cursor.integer(UInt8.self, key))
        case .int8: return .int8(try cursor.integer(Int8.self, key))
        case .uint16: return .uint16(try cursor.integer(UInt16.self, key))
        case .int16: return .int16(try cursor.integer(Int16.self, key))
        case .uint32: return .uint32(try cursor.integer(UInt32.self, key))
        case .int32: return .int32(try cursor.integer(Int32.self, key))
        case .uint64: return .uint64(try cursor.integer(UInt64.self, key))
        case .int64: return .int64(try cursor.integer(Int64.self, key))
        case .float32: return .float32(Float(bitPattern: try cursor.integer(UInt32.self, key)))
        case .float64: return .float64(Double(bitPattern: try cursor.integer(UInt64.self, key)))
        case .bool: return .bool(try parseBool(key))
        case .string: return .string(try cursor.string(limit: GGUFLimits.stringByteCountMax, key))
        case .array: return .array(try parseArray(key))
        }
    }

    private mutating func parseBool(_ key: String) throws(HeaderCursor.Stop) -> Bool {
        let offset = cursor.offset
        let byte = try cursor.integer(UInt8.self, key)
        guard byte <= 1 else { throw invalid(offset, key, .invalidBool(byte)) }
        return byte == 1
    }

    private mutating func parseArray(_ key: String) throws(HeaderCursor.Stop) -> GGUFArray {
        let typeOffset = cursor.offset
        let elementType = try parseValueType(key)
        let countOffset = cursor.offset
        let count = try cursor.integer(UInt64.self, key)
        let start = cursor.offset
        if let elementByteCount = elementType.byteCount {
            let (byteCount, overflow) = count.multipliedReportingOverflow(by: UInt64(elementByteCount))
            guard !overflow else { throw invalid(countOffset, key, .sizeOverflow) }
            _ = try cursor.skip(byteCount, key)
            if elementType == .bool { try checkBools(start..<cursor.offset, key) }
        } else if elementType == .string {
            // Each string takes at least its length's eight bytes, so that the file's size bounds this loop.
            guard count <= UInt64(cursor.end - start) / 8 else {
                let (byteCount, overflow) = count.multipliedReportingOverflow(by: 8)
                let needed = UInt64(start).addingReportingOverflow(byteCount)
                throw invalid(
                    countOffset, key,
                    cursor.shortage(
                        needed: overflow || needed.overflow ? .max : needed.partialValue))
            }
            for _ in 0..<count {
                let length = try cursor.integer(UInt64.self, key)
                _ = try cursor.skip(length, key)
            }
        } else {
            throw invalid(typeOffset, key, .nestedArray)
        }
        // The conversion cannot fail: every element has been found within the file, whose size is an `Int`.
        return GGUFArray(elementType: elementType, count: Int(count), content: start..<cursor.offset)
    }

    private func checkBools(_ range: Range<Int>, _ key: String) throws(HeaderCursor.Stop) {
        for index in range {
            let byte: UInt8 = HeaderCursor.load(bytes, at: index)
            guard byte <= 1 else { throw invalid(index, key, .invalidBool(byte)) }
        }
    }
}
