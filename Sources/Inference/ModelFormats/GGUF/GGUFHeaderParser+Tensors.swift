import Tensor

/// A directory entry as the file states it, before its place in the file is checked.
struct ClaimedTensor {
    let name: String
    let type: TensorType
    let dimensions: [Int]
    let byteCount: Int
    /// Relative to the start of tensor data.
    let dataOffset: UInt64
    /// Where `dataOffset` stands in the header.
    let position: Int
}

extension GGUFHeaderParser {
    mutating func parseTensorDirectory(
        count: Int
    ) throws(HeaderCursor.Stop) -> (claims: [ClaimedTensor], names: ByteStringTable) {
        var claims: [ClaimedTensor] = []
        var names = ByteStringTable(capacity: count, byteCapacity: count * 24)
        for index in 0..<count {
            let start = cursor.offset
            let nameBytes = try cursor.name(limit: GGUFLimits.tensorNameByteCountMax, "name of tensor \(index)")
            let name = String(decoding: nameBytes, as: UTF8.self)
            try check(
                names.append {
                    $0 += nameBytes; return true
                }, start, "tensor '" + name + "'")
            claims.append(try parseClaim(name))
        }
        return (claims, names)
    }

    private mutating func parseClaim(_ name: String) throws(HeaderCursor.Stop) -> ClaimedTensor {
        let field = "tensor '" + name + "'"
        let dimensionsOffset = cursor.offset
        let dimensionCount = try cursor.integer(UInt32.self, field)
        guard dimensionCount > 0 else { throw invalid(dimensionsOffset, field, .zeroDimension) }
        guard dimensionCount <= UInt32(GGUFLimits.dimensionCountMax) else {
            throw invalid(
                dimensionsOffset, field + ": dimensions",
                .tooLarge(UInt64(dimensionCount), limit: GGUFLimits.dimensionCountMax))
        }
        var dimensions: [Int] = []
        for _ in 0..<dimensionCount {
            let offset = cursor.offset
            let size = try cursor.integer(UInt64.self, field)
            guard size > 0 else { throw invalid(offset, field, .zeroDimension) }
            guard let size = Int(exactly: size) else { throw invalid(offset, field, .sizeOverflow) }
            dimensions.append(size)
        }
        let typeOffset = cursor.offset
        let rawType = try cursor.integer(UInt32.self, field)
        guard let type = TensorType(rawValue: rawType) else {
            throw invalid(
                typeOffset, field,
                .unsupportedTensorType(rawType, name: GGMLTypeName.name(ofType: rawType) ?? "unknown"))
        }
        let byteCount = try checkedByteCount(dimensions, type, at: dimensionsOffset, field)
        let position = cursor.offset
        let dataOffset = try cursor.integer(UInt64.self, field)
        return ClaimedTensor(
            name: name, type: type, dimensions: dimensions, byteCount: byteCount,
            dataOffset: dataOffset, position: position)
    }

    private func checkedByteCount(
        _ dimensions: [Int], _ type: TensorType, at offset: Int, _ field: String
    ) throws(HeaderCursor.Stop) -> Int {
        guard dimensions[0] % type.elementsPerBlock == 0 else {
            throw invalid(
                offset, field,
                .partialBlock(
                    rowLength: dimensions[0],
                    elementsPerBlock: type.elementsPerBlock))
        }
        // The element count is bounded too: users multiply dimensions freely.
        var elementCount = 1
        var byteCount = type.bytesPerBlock
        for (index, size) in dimensions.enumerated() {
            let elements = elementCount.multipliedReportingOverflow(by: size)
            let blocks = byteCount.multipliedReportingOverflow(by: index == 0 ? size / type.elementsPerBlock : size)
            guard !elements.overflow, !blocks.overflow else { throw invalid(offset, field, .sizeOverflow) }
            elementCount = elements.partialValue
            byteCount = blocks.partialValue
        }
        return byteCount
    }

    func placeTensors(
        _ claims: [ClaimedTensor], dataStart: Int, alignment: Int
    ) throws(HeaderCursor.Stop) -> [ModelContainer.TensorInfo] {
        var tensors: [ModelContainer.TensorInfo] = []
        tensors.reserveCapacity(claims.count)
        for claim in claims {
            let field = "tensor '" + claim.name + "'"
            guard claim.dataOffset & UInt64(alignment - 1) == 0 else {
                throw invalid(claim.position, field, .misaligned(offset: claim.dataOffset, alignment: alignment))
            }
            let start = UInt64(dataStart).addingReportingOverflow(claim.dataOffset)
            let end = start.partialValue.addingReportingOverflow(UInt64(claim.byteCount))
            guard !start.overflow, !end.overflow, end.partialValue <= UInt64(fileSize) else {
                let needed = start.overflow || end.overflow ? UInt64.max : end.partialValue
                throw invalid(claim.position, field, .truncated(needed: needed, fileSize: fileSize))
            }
            tensors.append(
                ModelContainer.TensorInfo(
                    name: claim.name, type: claim.type, layout: .rows, dimensions: claim.dimensions,
                    offset: Int(start.partialValue), byteCount: claim.byteCount, checksum: nil))
        }
        try checkDisjoint(tensors, claims)
        return tensors
    }

    private func checkDisjoint(
        _ tensors: [ModelContainer.TensorInfo], _ claims: [ClaimedTensor]
    ) throws(HeaderCursor.Stop) {
        let order = tensors.indices.sorted { tensors[$0].offset < tensors[$1].offset }
        for (earlier, later) in zip(order, order.dropFirst())
        where tensors[earlier].byteRange.upperBound > tensors[later].offset {
            throw invalid(
                claims[later].position, "tensor '" + tensors[later].name + "'",
                .overlaps(tensor: tensors[earlier].name))
        }
    }
}
