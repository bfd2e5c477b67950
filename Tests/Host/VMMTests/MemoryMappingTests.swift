import CLinux
import Glibc
import HostSystem
import Testing

@testable import VMM

@Suite("Guest memory and mapped files")
struct MemoryMappingTests {
    /// Whether a byte can be read, asked of the kernel, which answers where an access of ours would end the process.
    private func isReadable(_ address: UnsafeMutableRawPointer) throws -> Bool {
        var ends: [Int32] = [0, 0]
        try #require(linux_pipe(&ends) == 0)
        defer { for end in ends { close(end) } }
        return Glibc.write(ends[1], address, 1) == 1
    }

    @Test("Guest memory lies between guard pages", arguments: [4_096, 2 << 20, 16 << 20, 3 << 30])
    func guestMemoryLiesBetweenGuardPages(byteCount: Int) throws {
        let mapping = try MemoryMapping(anonymous: byteCount)
        #expect(UInt(bitPattern: mapping.base) % UInt(MemoryMapping.hugePageByteCount) == 0)
        #expect(try isReadable(mapping.base))
        #expect(try isReadable(mapping.base + byteCount - 1))
        #expect(try !isReadable(mapping.base - 1))
        #expect(try !isReadable(mapping.base + byteCount))
    }

    @Test("A mapped file reads as zeros past its end")
    func fileReadsAsZerosBehindItsEnd() throws {
        let path = "/tmp/hexa-vmm-test-\(getpid())-\(UInt32.random(in: 0...UInt32.max))"
        let file = FileDescriptor(owning: open(path, O_CREAT | O_RDWR, 0o600))
        defer { unlink(path) }
        file.write([UInt8](repeating: 7, count: 5_000))
        let mapping = try MemoryMapping(file: file, fileByteCount: 5_000)
        #expect(mapping.byteCount == MemoryMapping.hugePageByteCount)
        #expect(mapping.base.load(fromByteOffset: 4_999, as: UInt8.self) == 7)
        #expect(mapping.base.load(fromByteOffset: 5_000, as: UInt8.self) == 0)
        #expect(mapping.base.load(fromByteOffset: mapping.byteCount - 1, as: UInt8.self) == 0)
        #expect(try !isReadable(mapping.base - 1))
        #expect(try !isReadable(mapping.base + mapping.byteCount))
    }
}
