/// A matrix of floats that owns its memory: up to `capacity` rows of `columns`, the first `rows` of them in use.
///
/// Working memory of a forward pass: made once, resized (within its capacity) for every batch.
public struct Matrix: ~Copyable {
    public let capacity: Int
    public let columns: Int
    /// Rows in use; `0...capacity`.
    public var rows: Int {
        didSet { precondition(rows >= 0 && rows <= capacity, "more rows than the matrix has memory for") }
    }
    private let storage: AlignedStorage<Float>

    /// A matrix without a row in use. What a new row holds is anything: whoever takes it into use writes it first.
    public init(capacity: Int, columns: Int) {
        self.capacity = capacity
        self.columns = columns
        rows = 0
        storage = AlignedStorage(uninitializedCount: capacity * columns)
    }

    /// Bytes that a matrix of this size takes.
    public static func byteCount(capacity: Int, columns: Int) -> Int {
        capacity * columns * MemoryLayout<Float>.stride
    }

    public subscript(row: Int, column: Int) -> Float {
        get {
            precondition(column >= 0 && column < columns, "column outside the matrix")
            return self.row(row)[column]
        }
        set {
            precondition(column >= 0 && column < columns, "column outside the matrix")
            self.row(row)[column] = newValue
        }
    }

    /// Lends row `index`.
    public mutating func withRow<Result>(_ index: Int, _ body: (inout MutableSpan<Float>) -> Result) -> Result {
        var span = MutableSpan(_unsafeStart: row(index), count: columns)
        return body(&span)
    }

    /// Copies row `source` of another matrix of the same width over row `target`.
    public mutating func copyRow(_ source: Int, of other: borrowing Matrix, to target: Int) {
        precondition(columns == other.columns, "widths differ")
        row(target).copy(from: other.row(source), count: columns)
    }

    /// Copies a row over another.
    public mutating func copyRow(_ source: Int, to target: Int) {
        row(target).copy(from: row(source), count: columns)
    }

    var base: UnsafeMutablePointer<Float> { storage.base }

    func row(_ index: Int) -> UnsafeMutablePointer<Float> {
        precondition(index >= 0 && index < rows, "row outside the matrix")
        return storage.base + index * columns
    }
}
