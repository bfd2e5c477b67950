/// A kernel image: what of the file goes where, and where execution starts. Parsed from the file's bytes without
/// believing any of them.
///
/// The format is ELF64 (System V ABI, chapters 4 and 5); the entry is the one that the PVH note names
/// (`XEN_ELFNOTE_PHYS32_ENTRY`, Xen docs/misc/pvh.pandoc): 32-bit protected mode, no paging.
public struct ELFImage: Equatable, Sendable {
    /// A piece of the file and its place in the guest's memory.
    public struct Segment: Equatable, Sendable {
        public let fileOffset: Int
        public let fileByteCount: Int
        public let physicalAddress: UInt64
        /// At least `fileByteCount`; the rest is zeros.
        public let memoryByteCount: UInt64

        var end: UInt64 { physicalAddress + memoryByteCount }
    }

    public let segments: [Segment]
    /// Physical address of the 32-bit entry.
    public let entry: UInt32

    /// Why a file is no kernel image.
    public enum Problem: Error, Equatable {
        case tooShort(byteCount: Int)
        case notELF
        case notX86
        case notExecutable(type: UInt16)
        case headersMalformed(reason: StaticText)
        case segmentOutsideFile(index: Int)
        /// The segment reaches below 1 MiB, where the boot structures are, or past the memory.
        case segmentOutsideMemory(index: Int, address: UInt64, byteCount: UInt64)
        case segmentsOverlap(index: Int)
        case nothingToLoad
        case noteMalformed
        case noPVHEntry
        case entryOutsideImage(UInt64)
    }

    /// - Parameters:
    ///   - file: the whole file.
    ///   - memory: where segments may lie.
    public init(_ file: Span<UInt8>, memory: Range<UInt64>) throws(Problem) {
        let headers = try ELFHeaders(file)
        var segments: [Segment] = []
        var entry: UInt64?
        for index in 0..<headers.programHeaderCount {
            let header = headers.programHeader(index, file)
            switch header.type {
            case .load where header.memoryByteCount > 0:
                let segment = try Self.segment(header, index: index, fileByteCount: file.count, memory: memory)
                guard segments.allSatisfy({ $0.end <= segment.physicalAddress || segment.end <= $0.physicalAddress })
                else { throw .segmentsOverlap(index: index) }
                segments.append(segment)
            case .note:
                if entry == nil { entry = try PVHNote.entry(in: file, header) }
            default: continue
            }
        }
        guard !segments.isEmpty else { throw .nothingToLoad }
        guard let entry else { throw .noPVHEntry }
        guard let entry32 = UInt32(exactly: entry),
            segments.contains(where: { $0.physicalAddress <= entry && entry < $0.end })
        else { throw .entryOutsideImage(entry) }
        self.segments = segments
        self.entry = entry32
    }

    private static func segment(
        _ header: ELFHeaders.ProgramHeader, index: Int, fileByteCount: Int, memory: Range<UInt64>
    ) throws(Problem) -> Segment {
        guard let range = header.fileRange(of: fileByteCount), header.fileByteCount <= header.memoryByteCount else {
            throw .segmentOutsideFile(index: index)
        }
        let (end, overflow) = header.physicalAddress.addingReportingOverflow(header.memoryByteCount)
        guard !overflow, memory.lowerBound <= header.physicalAddress, end <= memory.upperBound else {
            throw .segmentOutsideMemory(
                index: index, address: header.physicalAddress, byteCount: header.memoryByteCount)
        }
        return Segment(
            fileOffset: range.lowerBound, fileByteCount: range.count, physicalAddress: header.physicalAddress,
            memoryByteCount: header.memoryByteCount)
    }
}

extension ELFImage.Problem: CustomStringConvertible {
    public var description: String {
        switch self {
        case .tooShort(let byteCount): "\(byteCount) bytes are too short for an ELF file"
        case .notELF: "it is not a 64-bit little-endian ELF file; 'make build' makes one"
        case .notX86: "it is made for another processor than x86-64"
        case .notExecutable(let type): "ELF type \(type) instead of an executable with fixed addresses (2)"
        case .headersMalformed(let reason): "\(reason)"
        case .segmentOutsideFile(let index): "segment \(index) reaches past the end of the file"
        case .segmentOutsideMemory(let index, let address, let byteCount):
            "segment \(index) (\(byteCount) bytes at 0x\(String(address, radix: 16))) is outside of the machine's "
                + "memory; --memory gives it more"
        case .segmentsOverlap(let index): "segment \(index) overlaps one before it"
        case .nothingToLoad: "it has nothing to load"
        case .noteMalformed: "its note segment is malformed"
        case .noPVHEntry: "it has no PVH entry (a note 'Xen' of type 18)"
        case .entryOutsideImage(let address): "its entry 0x\(String(address, radix: 16)) is in no segment"
        }
    }
}
