import Tensor

/// Where everything goes in the HXM file that a model becomes. The plan depends on the model alone, so that packing it
/// twice makes the same bytes. It does no I/O: the packer writes each tensor at its offset, all else as zeros, and the
/// header last, when the checksums are known.
public struct PackedPlan: Sendable {
    /// Ascending and disjoint: vectors first, then matrices in the order in which a forward pass reads them.
    public let placements: [Placement]
    /// Where matrices begin.
    public let weightsOffset: Int
    public let fileByteCount: Int
    /// Bytes of tensors, padding not counted.
    public let tensorByteCount: Int
    private let metadataByteRange: Range<Int>
    private let metadataCount: Int
    private let tokenizerRecord: TokenizerTables.Record
    private let tokenizerTables: [UInt8]

    /// What becomes of one tensor.
    public struct Placement: Sendable {
        public let source: ModelContainer.TensorInfo
        /// How it is to lie in the new file; its size does not depend on it.
        public let layout: TensorLayout
        /// In the new file.
        public let offset: Int
    }

    /// - Parameter tokenizer: the look-up tables of the model's tokenizer; nil for a model without one.
    public init(_ source: ModelContainer, tokenizer: TokenizerTables.Encoded?) {
        tokenizerRecord = tokenizer?.record ?? .none
        tokenizerTables = tokenizer?.bytes ?? []
        metadataByteRange = source.metadataByteRange
        metadataCount = source.metadata.count
        let tableStart = PackedFormat.aligned(
            PackedFormat.headerByteCount + source.metadataByteRange.count, to: PackedFormat.tensorAlignment)
        var offset =
            tableStart + source.tensors.count * PackedTensor.entryByteCount
            + TokenizerTables.Record.byteCount + tokenizerTables.count
        var placements: [Placement] = []
        placements.reserveCapacity(source.tensors.count)
        func place(_ tensor: ModelContainer.TensorInfo) {
            offset = PackedFormat.aligned(offset, to: PackedFormat.tensorAlignment)
            placements.append(Placement(source: tensor, layout: tensor.layoutForKernels, offset: offset))
            offset += tensor.byteCount
        }
        for tensor in source.tensors where tensor.rowCount == 1 { place(tensor) }
        offset = PackedFormat.aligned(offset, to: PackedFormat.regionAlignment)
        weightsOffset = offset
        for tensor in Self.matricesInOrderOfUse(source) { place(tensor) }
        fileByteCount = PackedFormat.aligned(offset, to: PackedFormat.regionAlignment)
        tensorByteCount = placements.reduce(0) { $0 + $1.source.byteCount }
        self.placements = placements
    }

    /// Everything before the first tensor: header, metadata, tensor table, tokenizer tables.
    ///
    /// - Parameters:
    ///   - source: the bytes of the model that the plan was made for, at least up to its header's end.
    ///   - checksums: of the tensors as they lie in the new file, by placement.
    public func header(source: RawSpan, checksums: [UInt64]) -> [UInt8] {
        precondition(checksums.count == placements.count, "a checksum for each tensor")
        var tables: [UInt8] = []
        let start = PackedFormat.headerByteCount
        tables.reserveCapacity(metadataByteRange.count + (placements.count + 2) * PackedTensor.entryByteCount)
        for offset in metadataByteRange { tables.append(HeaderCursor.load(source, at: offset)) }
        // The header before the tables is a multiple of the alignment itself.
        tables.pad(toMultipleOf: PackedFormat.tensorAlignment)
        for (placement, checksum) in zip(placements, checksums) {
            tables += placement.tableEntry(checksum: checksum).encoded
        }
        tables += tokenizerRecord.encoded
        let end = start + tables.count + tokenizerTables.count
        precondition(placements.allSatisfy { $0.offset >= end }, "tensors lie behind the tables")
        let header = PackedHeader(
            version: PackedFormat.version,
            fileByteCount: UInt64(fileByteCount), metadataByteCount: UInt64(metadataByteRange.count),
            metadataCount: UInt32(metadataCount), tensorCount: UInt32(placements.count),
            weightsOffset: UInt64(weightsOffset), tablesChecksum: XXH64.digest(of: tables.span.bytes))
        return header.encoded + tables + tokenizerTables
    }
}

extension PackedPlan.Placement {
    fileprivate func tableEntry(checksum: UInt64) -> PackedTensor {
        PackedTensor(
            name: [UInt8](source.name.utf8), type: source.type.rawValue, layout: layout.rawValue,
            columns: UInt64(source.columnCount), rows: UInt64(source.rowCount), offset: UInt64(offset),
            byteCount: UInt64(source.byteCount), checksum: checksum)
    }
}

// MARK: - Order

extension PackedPlan {
    /// The embedding, the layers from first to last, what is not known here, and the output head.
    private static func matricesInOrderOfUse(_ source: ModelContainer) -> [ModelContainer.TensorInfo] {
        let matrices = source.tensors.filter { $0.rowCount > 1 }
        let ranks = matrices.map { rank(of: $0.name) }
        // The index makes the order total: it does not depend on how `sorted` treats equal ranks.
        return matrices.indices.sorted { (ranks[$0], $0) < (ranks[$1], $1) }.map { matrices[$0] }
    }

    /// A layer's projections, as a forward pass takes them.
    private static let partsOfLayer = [
        "attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down",
    ]

    private static func rank(of name: String) -> Int {
        switch name {
        case "token_embd.weight": return -1
        case "output.weight": return .max
        default: break
        }
        // `blk.LAYER.PART.weight`
        let words = name.utf8.split(separator: UInt8(ascii: "."))
        guard words.count == 4, words[0].elementsEqual("blk".utf8), let layer = number(words[1]) else {
            return .max - 1
        }
        let part = partsOfLayer.firstIndex { words[2].elementsEqual($0.utf8) } ?? partsOfLayer.count
        return layer * (partsOfLayer.count + 1) + part
    }

    /// A layer's number; nil beyond those that a model may have.
    private static func number(_ digits: Substring.UTF8View) -> Int? {
        var value = 0
        for digit in digits {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
            value = value * 10 + Int(digit - UInt8(ascii: "0"))
            guard value < ModelLimits.layerCountMax else { return nil }
        }
        return value
    }
}
