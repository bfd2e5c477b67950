import CLinux
import Glibc
import HostSystem

extension MachineMemory {
    /// Huge pages that are read from a file at once, rather than mapped: a kernel with little in its prefix cache has
    /// data in six.
    static let eagerPageCountMax = 16

    /// Makes fresh memory a private copy of `file`, which has as many bytes, but for the pieces that are returned: they
    /// are for a `MemoryFiller` to copy.
    ///
    /// These are in the first huge pages with data, where a kernel has its program and its heap: the guest touches most
    /// of each, and then does so without a fault for every small page. Further ones are mapped copy-on-write. What is a
    /// hole of the file is fresh memory, as at a boot.
    func map(_ file: borrowing InputFile) throws(VMMError) -> [MemoryPiece] {
        let huge = MemoryMapping.hugePageByteCount
        let byteCount = min(file.byteCount, mapping.byteCount)
        var pieces: [MemoryPiece] = []
        var (eagerPage, eagerPageCount) = (-1, 0)
        var offset = 0
        while let data = Self.data(of: file, from: offset, upTo: byteCount) {
            let page = data.lowerBound / huge
            if page != eagerPage, eagerPageCount < Self.eagerPageCountMax {
                (eagerPage, eagerPageCount) = (page, eagerPageCount + 1)
            }
            if page == eagerPage {
                offset = min(data.upperBound, (page + 1) * huge)
                pieces.append(
                    MemoryPiece(
                        fileOffset: data.lowerBound, memoryOffset: data.lowerBound,
                        byteCount: offset - data.lowerBound))
            } else {
                offset = min(MemoryMapping.alignedToHugePage(data.upperBound), byteCount)
                try mapping.placeCopy(of: file.descriptor, at: page * huge..<offset)
            }
        }
        return pieces
    }

    /// The next bytes of `file` from `offset` on, and before `limit`, that are no hole; nil when only holes follow.
    private static func data(of file: borrowing InputFile, from offset: Int, upTo limit: Int) -> Range<Int>? {
        let start = Int(lseek(file.descriptor.number, off_t(offset), linux_seek_data))
        guard start >= 0, start < limit else { return nil }
        let end = Int(lseek(file.descriptor.number, off_t(start), linux_seek_hole))
        return start..<(end > start ? min(end, limit) : limit)
    }
}
