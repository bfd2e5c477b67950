/// Writes 64-bit ELF files (System V ABI, chapter 4) field by field, for images that are right and images that lie.
struct ELFBuilder {
    enum SegmentType: UInt64 {
        case load = 1
        case note = 4
    }

    /// XEN_ELFNOTE_PHYS32_ENTRY: the PVH entry point.
    static let physicalEntryNote: UInt64 = 18

    private static let headerByteCount = 64
    private static let programHeaderByteCount = 56

    private(set) var bytes: [UInt8]

    init(byteCount: Int) { bytes = [UInt8](repeating: 0, count: byteCount) }

    mutating func write(_ content: [UInt8], at offset: Int) {
        bytes.replaceSubrange(offset..<offset + content.count, with: content)
    }

    /// A little-endian number of `byteCount` bytes.
    mutating func write(_ value: UInt64, _ byteCount: Int, at offset: Int) {
        write((0..<byteCount).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * $0)) }, at: offset)
    }

    /// An executable for x86-64 whose program headers follow the file header.
    mutating func writeHeader(programHeaderCount: Int) {
        let (class64, littleEndian, version): (UInt8, UInt8, UInt8) = (2, 1, 1)
        write([0x7F] + Array("ELF".utf8) + [class64, littleEndian, version], at: 0)
        write(2, 2, at: 16)  // e_type: ET_EXEC
        write(62, 2, at: 18)  // e_machine: EM_X86_64
        write(UInt64(Self.headerByteCount), 8, at: 32)  // e_phoff
        write(UInt64(Self.programHeaderByteCount), 2, at: 54)  // e_phentsize
        write(UInt64(programHeaderCount), 2, at: 56)  // e_phnum
    }

    mutating func writeProgramHeader(
        _ index: Int, type: SegmentType, fileOffset: UInt64, physicalAddress: UInt64 = 0, fileByteCount: UInt64,
        memoryByteCount: UInt64
    ) {
        let start = Self.headerByteCount + index * Self.programHeaderByteCount
        write(type.rawValue, 4, at: start)  // p_type
        write(fileOffset, 8, at: start + 8)  // p_offset
        write(physicalAddress, 8, at: start + 24)  // p_paddr
        write(fileByteCount, 8, at: start + 32)  // p_filesz
        write(memoryByteCount, 8, at: start + 40)  // p_memsz
    }

    /// A note of one 64-bit value.
    mutating func writeNote(at offset: Int, owner: String, type: UInt64, value: UInt64) {
        let name = Array(owner.utf8) + [0]
        write(UInt64(name.count), 4, at: offset)
        write(8, 4, at: offset + 4)
        write(type, 4, at: offset + 8)
        write(name, at: offset + 12)
        write(value, 8, at: offset + 12 + (name.count + 3) / 4 * 4)
    }
}
