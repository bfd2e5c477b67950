import GuestInterface

/// What the VMM hands over: where RAM is, and the command line.
///
/// Read from physical memory through a reader that refuses addresses outside what the first page tables map, so that a
/// wrong pointer becomes an error and not a fault.
public struct BootInformation: Equatable, Sendable {
    public var memoryMap: MemoryMap
    public var commandLine: [UInt8]

    public enum BootProtocol: UInt32, Sendable {
        /// `hvm_start_info` (Xen public/arch-x86/hvm/start_info.h).
        case pvh = 0
        /// `boot_params` (Linux Documentation/arch/x86/zero-page.rst).
        case linux = 1
    }

    public enum ReadError: Error, Equatable, Sendable {
        case unknownProtocol(UInt32)
        case wrongMagic(UInt32)
        /// A structure lies (partly) at an address that is not mapped.
        case unreachable(UInt64)
        case noMemoryMap
        case tooManyMemoryRanges(UInt32)
        case commandLineTooLong

        public var message: String {
            switch self {
            case .unknownProtocol(let value): "boot: unknown boot protocol \(value)"
            case .wrongMagic(let value): "boot: hvm_start_info has magic \(value), expected 916872568 (0x336ec578)"
            case .unreachable(let address): "boot: the VMM passed address \(address), which lies beyond 4 GiB"
            case .noMemoryMap: "boot: the VMM passed no memory map"
            case .tooManyMemoryRanges(let count): "boot: a memory map of \(count) ranges is not believed"
            case .commandLineTooLong: "boot: the command line has no end within 4096 bytes"
            }
        }
    }

    /// Reads little-endian values of guest-physical memory.
    public protocol PhysicalMemoryReader {
        func read8(_ address: UInt64) throws(ReadError) -> UInt8
    }

    public init(
        protocolID: UInt32, parameters: UInt64, memory: borrowing some PhysicalMemoryReader
    ) throws(ReadError) {
        switch BootProtocol(rawValue: protocolID) {
        case .pvh: self = try Self.readStartInfo(at: parameters, memory)
        case .linux: self = try Self.readBootParams(at: parameters, memory)
        case nil: throw .unknownProtocol(protocolID)
        }
    }

    init(memoryMap: MemoryMap, commandLine: [UInt8]) {
        self.memoryMap = memoryMap
        self.commandLine = commandLine
    }
}

// MARK: - PVH

extension BootInformation {
    private static var startInfoMagic: UInt32 { 0x336e_c578 }
    /// XEN_HVM_MEMMAP_TYPE_RAM, and the e820 type of the same meaning.
    private static var typeRAM: UInt32 { 1 }

    private static func readStartInfo(
        at base: UInt64, _ memory: borrowing some PhysicalMemoryReader
    ) throws(ReadError) -> BootInformation {
        let magic = try memory.read32(base)
        guard magic == startInfoMagic else { throw .wrongMagic(magic) }
        let version = try memory.read32(base + 4)
        let commandLineAddress = try memory.read64(base + 24)
        // The memory map came with version 1 of the structure.
        guard version >= 1 else { throw .noMemoryMap }
        let mapAddress = try memory.read64(base + 40)
        let count = try memory.read32(base + 48)
        let map = try readMap(at: mapAddress, count: count, entryBytes: 24, memory)
        return BootInformation(memoryMap: map, commandLine: try readCommandLine(at: commandLineAddress, memory))
    }

    /// Entries of both protocols start with address, size and type.
    private static func readMap(
        at base: UInt64, count: UInt32, entryBytes: UInt64, _ memory: borrowing some PhysicalMemoryReader
    ) throws(ReadError) -> MemoryMap {
        guard count <= Limits.memoryRangesMax else { throw .tooManyMemoryRanges(count) }
        var ranges: [PhysicalRange] = []
        for index in 0..<UInt64(count) {
            let entry = base &+ index * entryBytes
            let start = try memory.read64(entry)
            let byteCount = try memory.read64(entry &+ 8)
            guard try memory.read32(entry &+ 16) == typeRAM else { continue }
            let (end, overflow) = start.addingReportingOverflow(byteCount)
            ranges.append(PhysicalRange(start: start, end: overflow ? .max : end))
        }
        guard !ranges.isEmpty else { throw .noMemoryMap }
        return MemoryMap(usable: ranges)
    }

    private static func readCommandLine(
        at address: UInt64, _ memory: borrowing some PhysicalMemoryReader
    ) throws(ReadError) -> [UInt8] {
        guard address != 0 else { return [] }
        var bytes: [UInt8] = []
        while true {
            let byte = try memory.read8(address &+ UInt64(bytes.count))
            if byte == 0 { return bytes }
            guard bytes.count < KernelConfiguration.commandLineByteCountMax - 1 else { throw .commandLineTooLong }
            bytes.append(byte)
        }
    }
}

// MARK: - Linux

extension BootInformation {
    private static func readBootParams(
        at base: UInt64, _ memory: borrowing some PhysicalMemoryReader
    ) throws(ReadError) -> BootInformation {
        let count = UInt32(try memory.read8(base &+ 0x1e8))
        let map = try readMap(at: base &+ 0x2d0, count: count, entryBytes: 20, memory)
        let low = UInt64(try memory.read32(base &+ 0x228))
        let high = UInt64(try memory.read32(base &+ 0xc8))
        return BootInformation(memoryMap: map, commandLine: try readCommandLine(at: high << 32 | low, memory))
    }
}

extension BootInformation.PhysicalMemoryReader {
    func read32(_ address: UInt64) throws(BootInformation.ReadError) -> UInt32 {
        var value: UInt32 = 0
        for index in 0..<4 {
            value |= UInt32(try read8(address &+ UInt64(index))) << (8 * UInt32(index))
        }
        return value
    }

    func read64(_ address: UInt64) throws(BootInformation.ReadError) -> UInt64 {
        UInt64(try read32(address)) | UInt64(try read32(address &+ 4)) << 32
    }
}
