import HostFiles

/// Writes a file whose beginning is known last, in pieces that start at multiples of their size.
///
/// A page cache keeps what is written so in large pages, and what is written at other places or in smaller pieces in
/// small ones; a model's first pass takes one fault for each (`docs/vmm.md`).
struct PieceWriter: ~Copyable {
    static let pieceByteCount = 4 << 20

    private var file: OutputFile
    private let fileByteCount: Int
    /// The pieces that the file's beginning has a part of, written by `complete`.
    private let head: UnsafeMutableRawBufferPointer
    /// The piece that is being filled, and where it begins.
    private let piece: UnsafeMutableRawBufferPointer
    private var pieceOffset: Int
    /// What was written last ends here.
    private var position: Int

    /// - Parameter headByteCount: bytes of the file's beginning that only `complete` is given.
    init(_ file: consuming OutputFile, fileByteCount: Int, headByteCount: Int) {
        precondition((0...fileByteCount).contains(headByteCount), "a file's beginning is no longer than the file")
        let size = Self.pieceByteCount
        self.file = file
        self.fileByteCount = fileByteCount
        head = .allocate(byteCount: min((headByteCount + size - 1) / size * size, fileByteCount), alignment: 64)
        piece = .allocate(byteCount: size, alignment: 64)
        pieceOffset = head.count
        position = headByteCount
    }

    deinit {
        head.deallocate()
        piece.deallocate()
    }

    /// Writes `bytes` at `offset`, which is not before the end of what was written last; between them are zeros.
    mutating func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(FileError) {
        precondition(offset >= position && offset + bytes.count <= fileByteCount, "written in ascending order")
        try fillWithZeros(to: offset)
        try fill(bytes.count) { target, done in
            target.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[done..<(done + target.count)]))
        }
    }

    /// Writes what is left, the beginning last, and gives the file its name.
    mutating func complete(head bytes: [UInt8]) throws(FileError) {
        precondition(bytes.count <= head.count, "the beginning is as long as was said")
        try fillWithZeros(to: fileByteCount)
        try flush()
        head.copyBytes(from: bytes)
        for offset in stride(from: 0, to: head.count, by: Self.pieceByteCount) {
            let end = min(offset + Self.pieceByteCount, head.count)
            try file.write(UnsafeRawBufferPointer(rebasing: head[offset..<end]), at: offset)
        }
        try file.complete()
    }

    private mutating func fillWithZeros(to offset: Int) throws(FileError) {
        try fill(offset - position) { target, _ in target.initializeMemory(as: UInt8.self, repeating: 0) }
    }

    /// Takes the next `count` bytes, a stretch of a piece at a time.
    ///
    /// - Parameter body: given the stretch, and how many of the bytes were before it.
    private mutating func fill(
        _ count: Int, _ body: (UnsafeMutableRawBufferPointer, Int) -> Void
    ) throws(FileError) {
        let start = position
        while position < start + count {
            let rest = try restOfPiece()
            let stretch = UnsafeMutableRawBufferPointer(rebasing: rest.prefix(start + count - position))
            body(stretch, position - start)
            position += stretch.count
        }
    }

    /// From `position` to the end of what is gathered with it.
    private mutating func restOfPiece() throws(FileError) -> Slice<UnsafeMutableRawBufferPointer> {
        if position < head.count { return head[position...] }
        if position >= pieceOffset + Self.pieceByteCount {
            try flush()
            pieceOffset += Self.pieceByteCount
        }
        return piece[(position - pieceOffset)...]
    }

    private func flush() throws(FileError) {
        let count = min(position - pieceOffset, Self.pieceByteCount)
        try file.write(UnsafeRawBufferPointer(rebasing: piece.prefix(max(count, 0))), at: pieceOffset)
    }
}
