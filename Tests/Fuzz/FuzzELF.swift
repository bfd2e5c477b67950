import VMM

/// What is taken for a kernel has all its pieces in the file and in the memory, and its entry in one of them.
func fuzzELF(_ bytes: [UInt8]) {
    let memory: Range<UInt64> = 1 << 20..<64 << 20
    guard let image = try? ELFImage(bytes.span, memory: memory) else { return }
    for segment in image.segments {
        precondition(segment.fileOffset + segment.fileByteCount <= bytes.count, "a segment outside of the file")
        let end = segment.physicalAddress + segment.memoryByteCount
        precondition(memory.lowerBound <= segment.physicalAddress && end <= memory.upperBound, "outside of memory")
    }
    precondition(image.segments.contains { $0.physicalAddress <= UInt64(image.entry) }, "the entry is in no segment")
}
