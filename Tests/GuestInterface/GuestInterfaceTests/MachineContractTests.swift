import Foundation
import GuestInterface
import TestSupport
import Testing

@Suite("What host and guest agree on about the machine")
struct MachineContractTests {
    @Test("the boot stub's constants are those of this module, all of them")
    func header() throws {
        let text = try String(contentsOf: Repository.file("Sources/Guest/Boot/include/contract.h"), encoding: .utf8)
        var found: [String: UInt64] = [:]
        for line in text.split(separator: "\n") where line.hasPrefix("#define ") {
            let words = line.split(separator: " ")
            try #require(words.count == 3 && words[2].hasPrefix("0x"))
            found[String(words[1])] = UInt64(words[2].dropFirst(2), radix: 16)
        }
        #expect(
            found == [
                "EXIT_PORT": UInt64(ExitStatus.port), "EXIT_FAILED": UInt64(ExitStatus.failed.rawValue),
                "EXIT_SUSPENDED": UInt64(ExitStatus.suspended.rawValue), "RESET_PORT": UInt64(ResetLine.port),
                "RESET_COMMAND": UInt64(ResetLine.command), "TRAMPOLINE_ADDRESS": LowMemory.trampoline,
                "TRAMPOLINE_PARAMETERS": LowMemory.trampolineParameters,
            ])
    }

    @Test("a status becomes the exit status of the process as QEMU's isa-debug-exit has it, and back")
    func exitStatuses() {
        #expect(ExitStatus.allCases.map(\.processStatus) == [33, 35, 37])
        for status in ExitStatus.allCases { #expect(ExitStatus(processStatus: status.processStatus) == status) }
        for other: Int32 in [-1, 0, 1, 2, 32, 34, 39] { #expect(ExitStatus(processStatus: other) == nil) }
    }

    private static let block = ResumeBlock(wallClockSeconds: 0x0102, seed: (3, 4, 5, .max))

    @Test("a resume block is read as it was written, and its layout is fixed: kernels that were saved read it")
    func resumeBlock() throws {
        let bytes = Self.block.bytes
        #expect(bytes.count == ResumeBlock.byteCount)
        #expect(
            bytes == Array("HEXARSM\u{1}".utf8) + [2, 1] + [UInt8](repeating: 0, count: 6)
                + [3, 4, 5].flatMap { [$0] + [UInt8](repeating: 0, count: 7) } + [UInt8](repeating: 255, count: 8))
        #expect(ResumeBlock { bytes[$0] } == Self.block)
    }

    @Test("another version of the block is none")
    func otherVersion() {
        var bytes = Self.block.bytes
        bytes[7] = 2
        #expect(ResumeBlock { bytes[$0] } == nil)
    }
}
