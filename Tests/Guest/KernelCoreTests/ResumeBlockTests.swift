import KernelCore
import Testing

@Suite("What a resumed kernel is told")
struct ResumeBlockTests {
    struct Bytes: BootInformation.PhysicalMemoryReader {
        let bytes: [UInt8]

        func read8(_ address: UInt64) throws(BootInformation.ReadError) -> UInt8 {
            guard address >= 0x4000, address < 0x4000 + UInt64(bytes.count) else { throw .unreachable(address) }
            return bytes[Int(address - 0x4000)]
        }
    }

    /// The layout is one that two programs agree on: `VMM.ResumeBlock` has the same test.
    private var bytes: [UInt8] {
        Array("HEXARSM\u{1}".utf8) + [2, 1] + [UInt8](repeating: 0, count: 6)
            + [3, 4, 5, 6].flatMap { [$0] + [UInt8](repeating: 0, count: 7) }
    }

    @Test("time and seed are where the monitor puts them")
    func fields() throws {
        let block = try #require(try ResumeBlock(at: 0x4000, memory: Bytes(bytes: bytes)))
        #expect(block.wallClockSeconds == 0x0102)
        #expect(block.seed == (3, 4, 5, 6))
        #expect(bytes.count == ResumeBlock.byteCount)
    }

    @Test("another version is none")
    func version() throws {
        var other = bytes
        other[7] = 2
        #expect(try ResumeBlock(at: 0x4000, memory: Bytes(bytes: other)) == nil)
    }

    @Test("a block beyond what can be reached is an error, no fault")
    func unreachable() {
        #expect(throws: BootInformation.ReadError.unreachable(0x4000 + 47)) {
            try ResumeBlock(at: 0x4000, memory: Bytes(bytes: Array(bytes.dropLast())))
        }
    }
}
