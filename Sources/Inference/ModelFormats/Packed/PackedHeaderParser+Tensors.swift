import Tensor

extension PackedHeaderParser {
    func parseTable(
        _ header: PackedHeader, _ sections: Sections, vectorsStart: Int
    ) throws(HeaderCursor.Stop) -> (tensors: [ModelContainer.TensorInfo], names: ByteStringTable) {
        var tensors: [ModelContainer.TensorInfo] = []
        tensors.reserveCapacity(Int(header.tensorCount))
        var names = ByteStringTable(capacity: Int(header.tensorCount), byteCapacity: Int(header.tensorCount) * 24)
        var previousEnd = vectorsStart
        for index in 0..<Int(header.tensorCount) {
            let entry = PackedEntry(bytes, at: sections.tableStart + index * PackedTensor.entryByteCount, index: index)
            try entry.checkName(addingTo: &names)
            let tensor = try entry.checked(
                vectors: vectorsStart..<sections.weightsOffset, previousEnd: previousEnd, fileSize: fileSize)
            previousEnd = tensor.byteRange.upperBound
            tensors.append(tensor)
        }
        return (tensors, names)
    }
}

/// A table entry with what messages about it need.
private struct PackedEntry: ~Escapable {
    private let bytes: RawSpan
    private let start: Int
    private let index: Int
    private let claim: PackedTensor

    @_lifetime(copy bytes)
    init(_ bytes: RawSpan, at start: Int, index: Int) {
        self.bytes = bytes
        self.start = start
        self.index = index
        claim = PackedTensor(bytes, at: start)
    }

    private func invalid(_ field: Int, _ what: String, _ problem: ContainerError.Problem) -> HeaderCursor.Stop {
        let name = String(decoding: claim.name, as: UTF8.self)
        return PackedHeaderParser.invalid(start + field, "tensor '" + name + "': " + what, problem)
    }

    /// A name is printable ASCII, padded with zeros, and no other tensor's.
    func checkName(addingTo names: inout ByteStringTable) throws(HeaderCursor.Stop) {
        let field = "name of tensor \(index)"
        guard !claim.name.isEmpty else { throw PackedHeaderParser.invalid(start, field, .empty) }
        guard claim.name.allSatisfy({ (0x21...0x7e).contains($0) }) else {
            throw PackedHeaderParser.invalid(start, field, .invalidName)
        }
        try checkZeros(claim.name.count..<PackedTensor.nameByteCount, field)
        try checkZeros(PackedTensor.Field.reserved..<PackedTensor.entryByteCount, "reserved bytes of tensor \(index)")
        switch names.append({
            $0 += claim.name; return true
        }) {
        case .inserted: return
        case .duplicate: throw PackedHeaderParser.invalid(start, field, .duplicate)
        case .tooManyCollisions: throw PackedHeaderParser.invalid(start, field, .tooManyCollisions)
        }
    }

    private func checkZeros(_ range: Range<Int>, _ field: String) throws(HeaderCursor.Stop) {
        for offset in range {
            let byte: UInt8 = HeaderCursor.load(bytes, at: start + offset)
            guard byte == 0 else {
                throw PackedHeaderParser.invalid(start + offset, field, .unexpected(UInt64(byte), expected: 0))
            }
        }
    }

    func checked(
        vectors: Range<Int>, previousEnd: Int, fileSize: Int
    ) throws(HeaderCursor.Stop) -> ModelContainer.TensorInfo {
        typealias Field = PackedTensor.Field
        guard let type = TensorType(rawValue: claim.type) else {
            throw invalid(
                Field.type, "type",
                .unsupportedTensorType(
                    claim.type, name: GGMLTypeName.name(ofType: claim.type) ?? "unknown"))
        }
        guard let layout = TensorLayout(rawValue: claim.layout), layout == .rows || type.supportsPanels else {
            throw invalid(Field.layout, "layout", .unsupportedLayout(claim.layout))
        }
        let columns = try size(claim.columns, Field.columns, "columns")
        let rows = try size(claim.rows, Field.rows, "rows")
        try checkByteCount(type, rows: rows, columns: columns)
        let offset = try checkedOffset(
            in: rows == 1 ? vectors : vectors.upperBound..<fileSize, previousEnd: previousEnd, fileSize: fileSize)
        return ModelContainer.TensorInfo(
            name: String(decoding: claim.name, as: UTF8.self), type: type, layout: layout,
            dimensions: rows == 1 ? [columns] : [columns, rows], offset: offset, byteCount: Int(claim.byteCount),
            checksum: claim.checksum)
    }

    private func size(_ value: UInt64, _ field: Int, _ what: String) throws(HeaderCursor.Stop) -> Int {
        guard value > 0 else { throw invalid(field, what, .zeroDimension) }
        guard let size = Int(exactly: value) else { throw invalid(field, what, .sizeOverflow) }
        return size
    }

    private func checkByteCount(_ type: TensorType, rows: Int, columns: Int) throws(HeaderCursor.Stop) {
        typealias Field = PackedTensor.Field
        guard columns % type.elementsPerBlock == 0 else {
            throw invalid(
                Field.columns, "columns",
                .partialBlock(
                    rowLength: columns, elementsPerBlock: type.elementsPerBlock))
        }
        // The element count is bounded too: users multiply sizes freely.
        let elements = columns.multipliedReportingOverflow(by: rows)
        let row = (columns / type.elementsPerBlock).multipliedReportingOverflow(by: type.bytesPerBlock)
        let total = row.partialValue.multipliedReportingOverflow(by: rows)
        guard !elements.overflow, !row.overflow, !total.overflow else {
            throw invalid(Field.rows, "rows", .sizeOverflow)
        }
        guard claim.byteCount == UInt64(total.partialValue) else {
            throw invalid(Field.byteCount, "size", .unexpected(claim.byteCount, expected: UInt64(total.partialValue)))
        }
    }

    /// Tensors lie in the table's order, vectors before the weights' offset, matrices behind it.
    private func checkedOffset(
        in region: Range<Int>, previousEnd: Int, fileSize: Int
    ) throws(HeaderCursor.Stop) -> Int {
        let field = PackedTensor.Field.offset
        guard claim.offset % UInt64(PackedFormat.tensorAlignment) == 0 else {
            throw invalid(field, "offset", .misaligned(offset: claim.offset, alignment: PackedFormat.tensorAlignment))
        }
        let (end, overflow) = claim.offset.addingReportingOverflow(claim.byteCount)
        guard !overflow, end <= UInt64(fileSize) else {
            throw invalid(field, "offset", .truncated(needed: overflow ? .max : end, fileSize: fileSize))
        }
        guard claim.offset >= UInt64(region.lowerBound), end <= UInt64(region.upperBound) else {
            throw invalid(field, "offset", .outside(claim.offset, allowed: region))
        }
        guard claim.offset >= UInt64(previousEnd) else {
            throw invalid(field, "offset", .outOfOrder(claim.offset, previousEnd: previousEnd))
        }
        return Int(claim.offset)
    }
}
