import GuestInterface
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

    private let block = ResumeBlock(wallClockSeconds: 0x0102, seed: (3, 4, 5, 6))
    private var bytes: [UInt8] { block.bytes }

    @Test("time and seed are where the monitor puts them")
    func fields() throws {
        #expect(try ResumeBlock(at: 0x4000, memory: Bytes(bytes: bytes)) == block)
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
