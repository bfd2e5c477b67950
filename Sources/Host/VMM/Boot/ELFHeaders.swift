/// The ELF header, checked, and access to the program headers behind it (System V ABI, "ELF header").
struct ELFHeaders {
    let programHeaderCount: Int
    private let tableOffset: Int

    private static let byteCount = 64
    private static let programHeaderByteCount = 56

    init(_ file: Span<UInt8>) throws(ELFImage.Problem) {
        guard file.count >= Self.byteCount else { throw .tooShort(byteCount: file.count) }
        // "\u{7f}ELF", 64 bits, little-endian, version 1.
        let identification: [UInt8] = [0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]
        for index in identification.indices where file[index] != identification[index] { throw .notELF }
        guard file.integer16(at: 18) == 62 else { throw .notX86 }
        let type = file.integer16(at: 16)
        guard type == 2 else { throw .notExecutable(type: type) }
        guard file.integer16(at: 54) == Self.programHeaderByteCount else {
            throw .headersMalformed(reason: "its program headers do not have 56 bytes")
        }
        programHeaderCount = Int(file.integer16(at: 56))
        guard programHeaderCount <= VMMLimits.programHeadersMax else {
            throw .headersMalformed(reason: "it has more than 64 program headers")
        }
        let offset = file.integer64(at: 32)
        guard offset <= UInt64(file.count),
            programHeaderCount * Self.programHeaderByteCount <= file.count - Int(offset)
        else { throw .headersMalformed(reason: "its program headers reach past the end of the file") }
        tableOffset = Int(offset)
    }

    enum SegmentType {
        case load, note, other
    }

    struct ProgramHeader {
        let type: SegmentType
        let fileOffset: UInt64
        let physicalAddress: UInt64
        let fileByteCount: UInt64
        let memoryByteCount: UInt64

        /// The bytes in a file of `byteCount` bytes; nil unless all are in it.
        func fileRange(of byteCount: Int) -> Range<Int>? {
            guard fileOffset <= UInt64(byteCount), fileByteCount <= UInt64(byteCount) - fileOffset else { return nil }
            return Int(fileOffset)..<Int(fileOffset + fileByteCount)
        }
    }

    /// Header `index`, below `programHeaderCount`, of the file that was checked.
    func programHeader(_ index: Int, _ file: Span<UInt8>) -> ProgramHeader {
        let base = tableOffset + index * Self.programHeaderByteCount
        let type: SegmentType =
            switch file.integer32(at: base) {
            case 1: .load
            case 4: .note
            default: .other
            }
        return ProgramHeader(
            type: type, fileOffset: file.integer64(at: base + 8), physicalAddress: file.integer64(at: base + 24),
            fileByteCount: file.integer64(at: base + 32), memoryByteCount: file.integer64(at: base + 40))
    }
}

/// The note that names the PVH entry.
enum PVHNote {
    private static let headerByteCount = 12
    private static let physicalEntryType: UInt32 = 18
    private static let owner: [UInt8] = Array("Xen\0".utf8)

    /// The entry's address; nil when the segment has no such note.
    static func entry(
        in file: Span<UInt8>, _ header: ELFHeaders.ProgramHeader
    ) throws(ELFImage.Problem) -> UInt64? {
        guard let range = header.fileRange(of: file.count), range.count <= VMMLimits.noteBytesMax else {
            throw .noteMalformed
        }
        var position = range.lowerBound
        while range.upperBound - position >= headerByteCount {
            let nameByteCount = Int(file.integer32(at: position))
            let valueByteCount = Int(file.integer32(at: position + 4))
            let name = position + headerByteCount
            // Both parts are padded to four bytes. Neither sum can overflow: the terms have 33 bits at most.
            let value = name + (nameByteCount + 3) & ~3
            let end = value + (valueByteCount + 3) & ~3
            guard value + valueByteCount <= range.upperBound else { throw .noteMalformed }
            if file.integer32(at: position + 8) == physicalEntryType, nameByteCount == owner.count,
                owner.indices.allSatisfy({ file[name + $0] == owner[$0] })
            {
                switch valueByteCount {
                case 4: return UInt64(file.integer32(at: value))
                case 8: return file.integer64(at: value)
                default: throw .noteMalformed
                }
            }
            position = end
        }
        return nil
    }
}
