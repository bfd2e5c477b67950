/// Keys and values of past tokens, as binary16, in pages of 64 positions that sequences take as they grow.
///
/// Layout: page, layer, key-value head, in a head keys before values, so that a short sequence touches little memory: a
/// machine that starts has each large page of it zeroed first. Values lie by position and element, but keys by element
/// and position. So scores of neighbouring positions are computed side by side, as are elements of the weighted sum of
/// values.
public struct KeyValuePages: ~Copyable {
    /// Positions of a page: long enough to work on at a stretch, short enough to waste little at a sequence's end.
    public static let positionsPerPage = 64

    public let layerCount: Int
    public let headCount: Int
    public let headDimension: Int
    public let pageCount: Int
    private let storage: AlignedStorage<UInt16>

    public init(layerCount: Int, headCount: Int, headDimension: Int, pageCount: Int) {
        self.layerCount = layerCount
        self.headCount = headCount
        self.headDimension = headDimension
        self.pageCount = pageCount
        storage = AlignedStorage(
            uninitializedCount: 2 * layerCount * pageCount * headCount * KeyValuePages.positionsPerPage * headDimension)
    }

    /// Bytes of one page over all layers.
    public static func bytesPerPage(layerCount: Int, headCount: Int, headDimension: Int) -> Int {
        2 * layerCount * headCount * positionsPerPage * headDimension * MemoryLayout<UInt16>.stride
    }

    /// A head's keys in a page, by element and position.
    func keys(layer: Int, page: Int, head: Int) -> UnsafeMutablePointer<UInt16> {
        precondition(layer >= 0 && layer < layerCount && page >= 0 && page < pageCount, "page outside the pool")
        return storage.base + 2 * ((page * layerCount + layer) * headCount + head) * headLength
    }

    /// A head's values in a page, by position and element.
    func values(layer: Int, page: Int, head: Int) -> UnsafeMutablePointer<UInt16> {
        keys(layer: layer, page: page, head: head) + headLength
    }

    /// Elements of a head's keys, or values, in a page.
    private var headLength: Int { KeyValuePages.positionsPerPage * headDimension }
}

extension KeyValuePages {
    /// Copies a page's keys and values, in all layers.
    public mutating func copyPage(_ source: Int, to target: Int) {
        // A page's layers and heads follow one another.
        keys(layer: 0, page: target, head: 0).copy(
            from: keys(layer: 0, page: source, head: 0), count: 2 * layerCount * headCount * headLength)
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
            let value = pages.values(layer: layer, page: page, head: head) + position * dimension
            table.narrowToBinary16(values.row(row) + head * dimension, value, dimension)
            let key = pages.keys(layer: layer, page: page, head: head) + position
            let floats = keys.row(row) + head * dimension
            for element in 0..<dimension {
                key[element * KeyValuePages.positionsPerPage] = HalfPrecision.binary16(from: floats[element])
            }
        }
    }
}
