import TensorAVX2

/// Keys and values of past tokens, as binary16, in pages of 64 positions that sequences take as they grow.
///
/// Layout: page, layer, key-value head, so that a short sequence touches little memory: a machine that starts has each
/// large page of it zeroed first. Within a head values by position and element, but keys by element and position. So
/// scores of neighbouring positions are computed side by side, as are elements of the weighted sum of values.
public struct KeyValuePages: ~Copyable {
    /// Positions of a page: long enough to work on at a stretch, short enough to waste little at a sequence's end.
    public static let positionsPerPage = 64

    public let layerCount: Int
    public let headCount: Int
    public let headDimension: Int
    public let pageCount: Int
    let keys: AlignedStorage<UInt16>
    let values: AlignedStorage<UInt16>

    public init(layerCount: Int, headCount: Int, headDimension: Int, pageCount: Int) {
        self.layerCount = layerCount
        self.headCount = headCount
        self.headDimension = headDimension
        self.pageCount = pageCount
        let count = layerCount * pageCount * headCount * KeyValuePages.positionsPerPage * headDimension
        keys = AlignedStorage(uninitializedCount: count)
        values = AlignedStorage(uninitializedCount: count)
    }

    /// Bytes of one page over all layers.
    public static func bytesPerPage(layerCount: Int, headCount: Int, headDimension: Int) -> Int {
        2 * layerCount * headCount * positionsPerPage * headDimension * MemoryLayout<UInt16>.stride
    }

    /// Where a head's part of a page begins, in elements.
    func offset(layer: Int, page: Int, head: Int) -> Int {
        precondition(layer >= 0 && layer < layerCount && page >= 0 && page < pageCount, "page outside the pool")
        return ((page * layerCount + layer) * headCount + head) * KeyValuePages.positionsPerPage * headDimension
    }
}

extension KeyValuePages {
    /// Copies a page's keys and values, in all layers.
    public mutating func copyPage(_ source: Int, to target: Int) {
        let count = layerCount * headCount * KeyValuePages.positionsPerPage * headDimension
        let byteCount = count * MemoryLayout<UInt16>.stride
        let from = offset(layer: 0, page: source, head: 0)
        let into = offset(layer: 0, page: target, head: 0)
        // SAFETY: `offset` checks both pages; a page's layers follow one another, `byteCount` bytes in all.
        // Embedded Swift makes a call an element of `update(from:count:)`: 20 ms a page of SmolLM2-135M.
        UnsafeMutableRawPointer(keys.base + into).copyMemory(from: keys.base + from, byteCount: byteCount)
        UnsafeMutableRawPointer(values.base + into).copyMemory(from: values.base + from, byteCount: byteCount)
    }
}

extension Kernels {
    /// Stores one token's keys and values (`headCount * headDimension` floats each, in rows of matrices). Workers may
    /// share a batch's tokens.
    public func store(
        keys: borrowing Matrix, values: borrowing Matrix, row: Int,
        into pages: borrowing KeyValuePages, layer: Int, page: Int, position: Int
    ) {
        let dimension = pages.headDimension
        precondition(keys.columns == pages.headCount * dimension && values.columns == keys.columns, "widths differ")
        precondition(position >= 0 && position < KeyValuePages.positionsPerPage, "position outside the page")
        for head in 0..<pages.headCount {
            let offset = pages.offset(layer: layer, page: page, head: head)
            let value = pages.values.base + offset + position * dimension
            narrow(values.row(row) + head * dimension, value, dimension)
            let key = keys.row(row) + head * dimension
            for element in 0..<dimension {
                let place = offset + element * KeyValuePages.positionsPerPage + position
                pages.keys.base[place] = HalfPrecision.binary16(from: key[element])
            }
        }
    }

    private func narrow(_ floats: UnsafePointer<Float>, _ target: UnsafeMutablePointer<UInt16>, _ count: Int) {
        guard instructionSet == .portable else { return narrowToBinary16(floats, target, count) }
        for index in 0..<count { target[index] = HalfPrecision.binary16(from: floats[index]) }
    }
}
