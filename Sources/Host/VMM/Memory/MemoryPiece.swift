/// Bytes of a file, and where they go in the guest's memory.
struct MemoryPiece: Equatable, Sendable {
    let fileOffset: Int
    /// From the start of `MachineMemory.mapping`.
    let memoryOffset: Int
    let byteCount: Int

    /// The pieces cut at huge pages and gathered by them, as they come, so that of several threads none waits for a
    /// page that another is having cleared.
    static func byHugePage(_ pieces: [MemoryPiece]) -> [[MemoryPiece]] {
        var pages: [[MemoryPiece]] = []
        var last: Int?
        for piece in pieces {
            var done = 0
            while done < piece.byteCount {
                let start = piece.memoryOffset + done
                let page = start / MemoryMapping.hugePageByteCount
                let byteCount = min(piece.byteCount - done, (page + 1) * MemoryMapping.hugePageByteCount - start)
                if page != last { pages.append([]) }
                pages[pages.count - 1].append(
                    MemoryPiece(fileOffset: piece.fileOffset + done, memoryOffset: start, byteCount: byteCount))
                (last, done) = (page, done + byteCount)
            }
        }
        return pages
    }
}
