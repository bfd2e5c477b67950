import TestSupport
import Testing

@testable import VMM

@Suite("Kernel images")
struct ELFImageTests {
    private static let memory: Range<UInt64> = 1 << 20..<64 << 20

    /// A kernel of one segment of 256 bytes at 2 MiB, which begin with `code`, and a note that names the first of them.
    static func kernel(code: [UInt8] = []) -> [UInt8] {
        var builder = ELFBuilder(byteCount: 1_024)
        builder.writeHeader(programHeaderCount: 2)
        builder.writeProgramHeader(
            0, type: .load, fileOffset: 512, physicalAddress: 2 << 20, fileByteCount: 256, memoryByteCount: 4_096)
        builder.writeProgramHeader(1, type: .note, fileOffset: 256, fileByteCount: 24, memoryByteCount: 24)
        builder.writeNote(at: 256, owner: "Xen", type: ELFBuilder.physicalEntryNote, value: 2 << 20)
        builder.write(code, at: 512)
        return builder.bytes
    }

    private func parse(_ bytes: [UInt8]) throws(ELFImage.Problem) -> ELFImage {
        try ELFImage(bytes.span, memory: Self.memory)
    }

    private func problem(_ change: (inout [UInt8]) -> Void) -> ELFImage.Problem? {
        var bytes = Self.kernel()
        change(&bytes)
        do throws(ELFImage.Problem) {
            _ = try parse(bytes)
            return nil
        } catch {
            return error
        }
    }

    @Test("Segments and entry are those of the headers")
    func takesWhatTheHeadersSay() throws {
        let image = try parse(Self.kernel())
        #expect(image.entry == 2 << 20)
        #expect(
            image.segments == [
                .init(fileOffset: 512, fileByteCount: 256, physicalAddress: 2 << 20, memoryByteCount: 4_096)
            ])
    }

    @Test("A malformed image is refused with the reason")
    func saysWhatIsWrong() {
        #expect(problem { $0 = [1, 2, 3] } == .tooShort(byteCount: 3))
        #expect(problem { $0[0] = 0 } == .notELF)
        #expect(problem { $0[4] = 1 } == .notELF)
        #expect(problem { $0[18] = 40 } == .notX86)
        #expect(problem { $0[16] = 3 } == .notExecutable(type: 3))
        #expect(problem { $0[54] = 32 } == .headersMalformed(reason: "its program headers do not have 56 bytes"))
        #expect(problem { $0[56] = 200 } == .headersMalformed(reason: "it has more than 64 program headers"))
        #expect(
            problem { $0[39] = 0xff }
                == .headersMalformed(
                    reason: "its program headers reach past the end of the file"))
        #expect(problem { $0[79] = 0xff } == .segmentOutsideFile(index: 0))
        #expect(problem { $0[97] = 0x20 } == .segmentOutsideFile(index: 0))
        #expect(problem { $0[90] = 0x30 } == .entryOutsideImage(2 << 20))
        #expect(problem { $0[90] = 0x00 } == .segmentOutsideMemory(index: 0, address: 0, byteCount: 4_096))
        #expect(
            problem { $0[95] = 0xff }
                == .segmentOutsideMemory(
                    index: 0, address: 0xff00_0000_0020_0000, byteCount: 4_096))
        #expect(problem { $0[64] = 0 } == .nothingToLoad)
        #expect(problem { $0[120] = 0 } == .noPVHEntry)
        #expect(problem { $0[264] = 1 } == .noPVHEntry)
        #expect(problem { $0[259] = 0xff } == .noteMalformed)
        #expect(problem { $0[260] = 5 } == .noteMalformed)
        #expect(problem { $0[276] = 1 } == .entryOutsideImage(1 << 32 | 2 << 20))
    }

    @Test("Overlapping segments are refused")
    func overlapIsRefused() {
        // The second header becomes a copy of the first, and the note is looked for in vain.
        let found = problem { bytes in for index in 0..<56 { bytes[120 + index] = bytes[64 + index] } }
        #expect(found == .segmentsOverlap(index: 1))
    }

    @Test("A damaged image never traps", arguments: 0..<200)
    func damageNeverTraps(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        for _ in 0..<50 {
            _ = problem { bytes in
                for _ in 0..<Int.random(in: 1...12, using: &random) {
                    bytes[Int.random(in: 0..<300, using: &random)] = UInt8.random(in: 0...255, using: &random)
                }
                if UInt8.random(in: 0...9, using: &random) == 0 {
                    bytes.removeLast(Int.random(in: 1..<bytes.count, using: &random))
                }
            }
        }
    }
}
