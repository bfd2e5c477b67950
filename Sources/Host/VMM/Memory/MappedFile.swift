/// A file mapped for the guest, read-only: the page cache's own pages, in huge pages where the file system has them.
final class MappedFile {
    private let mapping: MemoryMapping
    /// Where the guest has it.
    let address: UInt64

    init(_ path: String, at address: UInt64) throws(VMMError) {
        self.address = address
        let file = try InputFile(path)
        mapping = try MemoryMapping(file: file.descriptor, fileByteCount: file.byteCount)
    }

    /// Valid as long as this object; a multiple of huge pages, with zeros behind the file's end.
    var memory: UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(start: mapping.base, count: mapping.byteCount)
    }
}
