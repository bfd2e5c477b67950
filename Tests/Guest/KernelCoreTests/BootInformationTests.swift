import KernelCore
import Testing

/// Guest memory as a sparse list of blocks; reading elsewhere is refused, as beyond the boot page tables.
private struct FakeMemory: BootInformation.PhysicalMemoryReader {
    var blocks: [(address: UInt64, bytes: [UInt8])] = []

    func read8(_ address: UInt64) throws(BootInformation.ReadError) -> UInt8 {
        for block in blocks where address >= block.address && address - block.address < UInt64(block.bytes.count) {
            return block.bytes[Int(address - block.address)]
        }
        throw .unreachable(address)
    }
}

private func little<Integer: FixedWidthInteger>(_ value: Integer) -> [UInt8] {
    withUnsafeBytes(of: value.littleEndian) { Array($0) }
}

@Suite("What the VMM hands over")
struct BootInformationTests {
    private static let ram = PhysicalRange(start: 0x10_0000, end: 0x2000_0000)

    private func startInfo(magic: UInt32 = 0x336e_c578, version: UInt32 = 1, mapCount: UInt32 = 2) -> FakeMemory {
        var info = little(magic) + little(version) + little(UInt32(0)) + little(UInt32(0))
        info += little(UInt64(0)) + little(UInt64(0x3000)) + little(UInt64(0)) + little(UInt64(0x2000))
        info += little(mapCount) + little(UInt32(0))
        let reserved = little(UInt64(0xf000_0000)) + little(UInt64(0x1000)) + little(UInt32(2)) + little(UInt32(0))
        let usable = little(Self.ram.start) + little(Self.ram.byteCount) + little(UInt32(1)) + little(UInt32(0))
        return FakeMemory(blocks: [
            (0x1000, info), (0x2000, reserved + usable), (0x3000, Array("hexa.port=81".utf8) + [0]),
        ])
    }

    @Test("hvm_start_info: usable ranges and the command line")
    func pvh() throws {
        let information = try BootInformation(protocolID: 0, parameters: 0x1000, memory: startInfo())
        #expect(information.memoryMap.usable == [Self.ram])
        #expect(String(decoding: information.commandLine, as: UTF8.self) == "hexa.port=81")
    }

    @Test("boot_params: the e820 table and the command line's two halves")
    func linux() throws {
        var zeroPage = [UInt8](repeating: 0, count: 4_096)
        zeroPage[0x1e8] = 1
        zeroPage.replaceSubrange(0x228..<0x22c, with: little(UInt32(0x3000)))
        zeroPage.replaceSubrange(
            0x2d0..<0x2e4,
            with: little(Self.ram.start) + little(Self.ram.byteCount) + little(UInt32(1)))
        let memory = FakeMemory(blocks: [(0x1000, zeroPage), (0x3000, Array("x".utf8) + [0])])
        let information = try BootInformation(protocolID: 1, parameters: 0x1000, memory: memory)
        #expect(information.memoryMap.usable == [Self.ram])
        #expect(information.commandLine == Array("x".utf8))
    }

    @Test(
        "nonsense is refused with its reason",
        arguments: [
            (UInt32(7), UInt64(0x1000), BootInformation.ReadError.unknownProtocol(7)),
            (0, 0x9000, .unreachable(0x9000)),
            (0, 0x2000, .wrongMagic(0xf000_0000)),
        ])
    func refusals(protocolID: UInt32, parameters: UInt64, expected: BootInformation.ReadError) {
        #expect(throws: expected) {
            try BootInformation(protocolID: protocolID, parameters: parameters, memory: startInfo())
        }
    }

    @Test("a start info without a map, or with an unbelievable one, is refused")
    func maps() {
        #expect(throws: BootInformation.ReadError.noMemoryMap) {
            try BootInformation(protocolID: 0, parameters: 0x1000, memory: startInfo(version: 0))
        }
        #expect(throws: BootInformation.ReadError.noMemoryMap) {
            try BootInformation(protocolID: 0, parameters: 0x1000, memory: startInfo(mapCount: 1))
        }
        #expect(throws: BootInformation.ReadError.tooManyMemoryRanges(.max)) {
            try BootInformation(protocolID: 0, parameters: 0x1000, memory: startInfo(mapCount: .max))
        }
    }

    @Test("a command line without an end is refused")
    func endlessCommandLine() {
        var memory = startInfo()
        memory.blocks[2].bytes = [UInt8](repeating: UInt8(ascii: "a"), count: 10_000)
        #expect(throws: BootInformation.ReadError.commandLineTooLong) {
            try BootInformation(protocolID: 0, parameters: 0x1000, memory: memory)
        }
    }
}
