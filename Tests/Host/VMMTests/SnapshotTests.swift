import CLinux
import Glibc
import GuestInterface
import HostSystem
import JSON
import Testing

@testable import VMM

/// Snapshots as files: what is written is read back, and what does not belong together is refused with the file and the
/// field named.
@Suite("Snapshot directories")
struct SnapshotTests {
    private let id = SnapshotID(high: 0x0123_4567_89ab_cdef, low: 7)

    private func manifest(_ files: [SnapshotManifest.File] = []) throws -> SnapshotManifest {
        SnapshotManifest(
            id: id, modelName: "tiny", processorCount: 2, memoryMiB: 16, vsockContext: 3,
            processor: Fingerprint(value: 5), disks: [], mappedFiles: files)
    }

    /// What a manifest with `old` replaced by `new` is refused for.
    private func problem(_ old: String, _ new: String) throws -> String? {
        let text = String(decoding: try manifest().json.serialized(), as: UTF8.self)
        #expect(text.contains(old))
        let parts = text.split(separator: old, maxSplits: 1, omittingEmptySubsequences: false)
        do throws(ConfigurationProblem) {
            _ = try SnapshotManifest(json: Array(parts.joined(separator: new).utf8))
            return nil
        } catch {
            return "\(error.field) \(error.reason)"
        }
    }

    @Test("A manifest reads back as itself")
    func aManifestIsReadBack() throws {
        let file = SnapshotManifest.File(
            path: "/m", identity: FileIdentity(byteCount: 9, fingerprint: Fingerprint(value: .max)))
        var written = try manifest([file])
        written.disks = [file, file]
        #expect(try SnapshotManifest(json: written.json.serialized(style: .pretty)) == written)
        written.vsockContext = nil
        #expect(try SnapshotManifest(json: written.json.serialized()) == written)
    }

    @Test("A malformed manifest is refused with the field")
    func aManifestThatIsNoneIsRefusedWithTheField() throws {
        #expect(try problem("\"hexa-os snapshot\"", "\"tar\"") == "format must be hexa-os snapshot")
        #expect(try problem("\"version\":1", "\"version\":2") == "version is 2, and this program reads 1")
        #expect(try problem("\"id\"", "\"number\"") == "id is missing")
        #expect(try problem(id.text, "xyz") == "id must be 32 hexadecimal digits")
        #expect(
            try problem("\"vcpu_count\":2", "\"vcpu_count\":0")
                == "machine-config.vcpu_count must be an integer from 1 to 64")
        #expect(
            try problem("\"drives\":[]", "\"drives\":[{\"path_on_host\":\"/d\",\"bytes\":0}]")
                == "drives[0].bytes must be an integer from 1 to \(Int.max)")
        #expect(try problem("\"drives\":[]", "\"drives\":[],\"net\":1") == "net is unknown")
        #expect(try problem("}", "") != nil)
    }

    @Test("A changed manifest is refused")
    func aManifestThatWasChangedIsRefused() throws {
        #expect(
            try problem("\"mem_size_mib\":16", "\"mem_size_mib\":17")
                == "fingerprint is not that of the other fields: the file is damaged")
        #expect(try problem("tiny", "tidy") == "fingerprint is not that of the other fields: the file is damaged")
    }

    @Test("A different machine is refused, and the difference is named")
    func aMachineThatDiffersIsNamedByTheDifference() throws {
        let manifest = try manifest()
        let machine = manifest.machine(restoredFrom: "/s")
        #expect(manifest.difference(from: machine) == nil)
        var other = machine
        other.processorCount = 1
        #expect(manifest.difference(from: other) == "vcpu_count is 2, not 1 as in the machine's configuration")
        other = machine
        other.vsockContext = nil
        #expect(manifest.difference(from: other) == "guest_cid is 3, not none as in the machine's configuration")
        other = machine
        other.mappedFilePaths = ["/m"]
        #expect(
            manifest.difference(from: other)
                == "the number of pmem files is 0, not 1 as in the machine's configuration")
    }

    @Test("Files are recognised by their content")
    func filesAreKnownByTheirContent() throws {
        let directory = try TestDirectory()
        var bytes = (0..<1_000_000).map { UInt8(truncatingIfNeeded: $0 >> 8) }
        let path = try directory.write("file", bytes)
        let identity = try FileIdentity(ofFileAt: path)
        #expect(try FileIdentity(ofFileAt: directory.write("copy", bytes)) == identity)
        bytes[0] ^= 1
        #expect(try FileIdentity(ofFileAt: directory.write("other", bytes)) != identity)
        bytes.removeLast()
        #expect(try FileIdentity(ofFileAt: directory.write("shorter", bytes)).byteCount == 999_999)
        #expect(throws: VMMError.fileUnreadable(path: "/nowhere", errno: ENOENT)) {
            try FileIdentity(ofFileAt: "/nowhere")
        }
    }

    @Test("A changed model is refused")
    func aModelThatHasChangedIsRefused() throws {
        let directory = try TestDirectory()
        let model = try directory.write("model", [1, 2, 3])
        let file = SnapshotManifest.File(path: model, identity: try FileIdentity(ofFileAt: model))
        let path = try directory.write("snapshot.json", manifest([file]).json.serialized())
        let memory = FileDescriptor(owning: open("\(directory.path)/memory", O_RDWR | O_CREAT, 0o600))
        #expect(ftruncate(memory.number, 16 << 20) == 0)
        let saved = try MachineMemory(AddressLayout(memoryMiB: 16))
        MemoryMark(id: id, entry: 0x20_0000).write(to: saved)
        try saved.save(to: memory.number)
        #expect(try Snapshot(in: directory.path).manifest.mappedFiles == [file])
        _ = try directory.write("model", [1, 2, 4])
        #expect(
            throws: VMMError.snapshot(
                path: path,
                reason: "fingerprint of \(model) is not the file's: it has changed since the snapshot was made")
        ) { try Snapshot(in: directory.path) }
        _ = try directory.write("model", [1, 2, 3, 4])
        #expect(throws: VMMError.snapshot(path: path, reason: "bytes of \(model) is 3, and the file has 4")) {
            try Snapshot(in: directory.path)
        }
    }

    @Test("A directory that is not a snapshot is refused")
    func aDirectoryThatIsNoSnapshotIsRefused() throws {
        let directory = try TestDirectory()
        let path = "\(directory.path)/snapshot.json"
        #expect(throws: VMMError.fileUnreadable(path: path, errno: ENOENT)) { try Snapshot(in: directory.path) }
        _ = try directory.write("snapshot.json", Array("{}".utf8))
        #expect(throws: VMMError.snapshot(path: path, reason: "format is missing")) { try Snapshot(in: directory.path) }
        _ = try directory.write("snapshot.json", Array("MEMORY".utf8))
        #expect(throws: VMMError.self) { try Snapshot(in: directory.path) }
    }
}

/// The memory of a machine as a file.
@Suite("The memory of a snapshot")
struct SavedMemoryTests {
    private let layout: AddressLayout

    init() throws { layout = try AddressLayout(memoryMiB: 16) }

    /// A saved memory with a byte at each of `places`.
    private func save(_ places: [UInt64], to path: String) throws {
        let memory = try MachineMemory(layout)
        for place in places { [UInt8(7)].withUnsafeBytes { memory.write($0, at: place) } }
        MemoryMark(id: SnapshotID(high: 1, low: 2), entry: 0x20_0000).write(to: memory)
        let file = FileDescriptor(owning: open(path, O_RDWR | O_CREAT | O_TRUNC, 0o600))
        #expect(ftruncate(file.number, off_t(layout.byteCount)) == 0)
        try memory.save(to: file.number)
    }

    private func byte(_ memory: MachineMemory, _ address: UInt64) -> UInt8 {
        memory.bytes[Int(address)]
    }

    private func restored(_ path: String) throws -> MachineMemory {
        let memory = try MachineMemory(layout)
        let file = try InputFile(path)
        let pieces = try memory.map(file)
        try MemoryFiller(memory, from: file, pieces).finish()
        return memory
    }

    @Test("Saved pages return, and zero pages take no space")
    func whatWasSavedIsThereAndZerosTakeNoRoom() throws {
        let directory = try TestDirectory()
        let path = "\(directory.path)/memory"
        let places: [UInt64] = [0x1_0000, 0x10_0000, 16 << 20 - 1]
        try save(places, to: path)
        let copy = try restored(path)
        for place in places { #expect(byte(copy, place) == 7) }
        #expect(byte(copy, 0x20_0000) == 0)
        #expect(try MemoryMark(in: InputFile(path)) == MemoryMark(id: SnapshotID(high: 1, low: 2), entry: 0x20_0000))
        var status = stat()
        #expect(stat(path, &status) == 0 && status.st_blocks * 512 < 1 << 20)
    }

    @Test("Copies change neither the file nor one another")
    func copiesChangeNeitherTheFileNorEachOther() throws {
        let directory = try TestDirectory()
        let path = "\(directory.path)/memory"
        try save([], to: path)
        let first = try restored(path)
        let second = try restored(path)
        [UInt8(9)].withUnsafeBytes { first.write($0, at: 0x10_0000) }
        let third = try restored(path)
        #expect(byte(first, 0x10_0000) == 9 && byte(second, 0x10_0000) == 0 && byte(third, 0x10_0000) == 0)
    }

    /// The first are read, the rest is mapped.
    @Test("A large memory returns whole")
    func aMemoryWithMuchInItIsThereWhole() throws {
        let directory = try TestDirectory()
        let path = "\(directory.path)/memory"
        let layout = try AddressLayout(memoryMiB: 66)
        let file = FileDescriptor(owning: open(path, O_RDWR | O_CREAT, 0o600))
        #expect(ftruncate(file.number, off_t(layout.byteCount)) == 0)
        // A word at both ends of each huge page but the third and the last but one.
        let pages = (0..<33).filter { $0 != 2 && $0 != 31 }
        let places = pages.flatMap { [$0 << 21, ($0 + 1) << 21 - 8] }
        for place in places {
            var word = UInt64(place) | 1
            #expect(pwrite(file.number, &word, 8, off_t(place)) == 8)
        }
        let memory = try MachineMemory(layout)
        let input = try InputFile(path)
        let pieces = try memory.map(input)
        let eager = Array(pages.prefix(MachineMemory.eagerPageCountMax))
        #expect(Set(pieces.map { $0.memoryOffset >> 21 }).sorted() == eager)
        try MemoryFiller(memory, from: input, pieces).finish()
        for place in places { #expect(memory.bytes.load(fromByteOffset: place, as: UInt64.self) == UInt64(place) | 1) }
        for place in [2 << 21, 31 << 21 + 4_096] {
            #expect(memory.bytes.load(fromByteOffset: place, as: UInt64.self) == 0)
        }
    }

    @Test("A truncated memory file is reported")
    func aMemoryThatEndsTooEarlyIsSaid() throws {
        let directory = try TestDirectory()
        let path = try directory.write("memory", [UInt8](repeating: 1, count: 4_096))
        let memory = try MachineMemory(layout)
        let pieces = [MemoryPiece(fileOffset: 0, memoryOffset: 0, byteCount: 8_192)]
        #expect(throws: VMMError.system(call: "pread into the machine's memory", errno: ENODATA)) {
            try MemoryFiller(memory, from: InputFile(path), pieces).finish()
        }
    }

    @Test("Ranges are cut at huge pages and merged")
    func piecesAreCutAtHugePagesAndGathered() {
        let mib = 1 << 20
        let pieces = MemoryPiece.byHugePage([
            MemoryPiece(fileOffset: 0, memoryOffset: mib, byteCount: 4 * mib),
            MemoryPiece(fileOffset: 9 * mib, memoryOffset: 5 * mib, byteCount: 10),
        ])
        #expect(
            pieces == [
                [MemoryPiece(fileOffset: 0, memoryOffset: mib, byteCount: mib)],
                [MemoryPiece(fileOffset: mib, memoryOffset: 2 * mib, byteCount: 2 * mib)],
                [
                    MemoryPiece(fileOffset: 3 * mib, memoryOffset: 4 * mib, byteCount: mib),
                    MemoryPiece(fileOffset: 9 * mib, memoryOffset: 5 * mib, byteCount: 10),
                ],
            ])
    }

    @Test("A full disk is reported")
    func aFullDiskIsSaid() throws {
        let file = FileDescriptor(owning: open("/dev/full", O_RDWR))
        let memory = try MachineMemory(layout)
        [UInt8(1)].withUnsafeBytes { memory.write($0, at: 0) }
        #expect(throws: VMMError.system(call: "pwrite of the machine's memory", errno: ENOSPC)) {
            try memory.save(to: file.number)
        }
    }

    @Test("No two resume blocks have the same seed")
    func noTwoBlocksHaveTheSameSeed() throws {
        #expect(try ResumeBlock.now().bytes.suffix(32) != ResumeBlock.now().bytes.suffix(32))
    }
}

/// A directory of a test's own, gone with it.
final class TestDirectory {
    let path: String

    init() throws {
        var template = Array("/tmp/hexa-vmm-test-XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else { throw VMMError.system(call: "mkdtemp", errno: errno) }
        path = String(cString: made)
    }

    deinit {
        for name in names { unlink("\(path)/\(name)") }
        rmdir(path)
    }

    private var names: [String] = ["memory"]

    /// Writes a file; answers its path.
    func write(_ name: String, _ bytes: [UInt8]) throws -> String {
        names.append(name)
        let path = "\(path)/\(name)"
        let file = FileDescriptor(owning: open(path, O_CREAT | O_WRONLY | O_TRUNC, 0o600))
        guard file.number >= 0, file.write(bytes) else { throw VMMError.fileUnreadable(path: path, errno: errno) }
        return path
    }
}
