import GuestInterface

/// A kernel image on disk: what of it goes where in a machine's memory, and where the first processor starts.
struct KernelFile: ~Copyable {
    let file: InputFile
    let pieces: [MemoryPiece]
    let entry: EntryState

    /// The huge pages behind the image, where a kernel has its first data: worth being made ready ahead.
    let dataExpected: Range<UInt64>

    private static let dataPagesExpected = 2

    init(_ path: String, for layout: AddressLayout) throws(VMMError) {
        let file = try InputFile(path)
        let mapping = try MemoryMapping(file: file.descriptor, fileByteCount: file.byteCount)
        // SAFETY: the mapping holds the file's readable bytes and outlives the span.
        let bytes = Span<UInt8>(
            _unsafeStart: UnsafePointer(mapping.base.assumingMemoryBound(to: UInt8.self)), count: file.byteCount)
        let image: ELFImage
        do {
            image = try ELFImage(bytes, memory: AddressLayout.imageStart..<layout.lowByteCount)
        } catch {
            throw .image(error)
        }
        self.file = file
        // The rest of each segment is zeros, as is untouched memory. Low memory is where it says.
        pieces = image.segments.map {
            MemoryPiece(
                fileOffset: $0.fileOffset, memoryOffset: Int($0.physicalAddress), byteCount: $0.fileByteCount)
        }
        let imageEnd = image.segments.reduce(0) { max($0, $1.end) }
        let dataStart = UInt64(MemoryMapping.alignedToHugePage(Int(imageEnd)))
        dataExpected = dataStart..<dataStart + UInt64(Self.dataPagesExpected * MemoryMapping.hugePageByteCount)
        entry = EntryState(entry: image.entry, startInfo: UInt32(LowMemory.startInfo))
    }
}
