import Glibc
import GuestInterface
import HostSystem

/// What the monitor notes in the memory that it saves, in the place where a resumed machine finds its `ResumeBlock`.
struct MemoryMark: Equatable {
    let id: SnapshotID
    /// Where the kernel is entered.
    let entry: UInt32

    /// "HEXASAVE".
    private static let magic: UInt64 = 0x4556_4153_4158_4548

    init(id: SnapshotID, entry: UInt32) {
        self.id = id
        self.entry = entry
    }

    /// Nil when there is none in a saved memory.
    init?(in file: borrowing InputFile) {
        var words = [4 of UInt64](repeating: 0)
        let byteCount = MemoryLayout.size(ofValue: words)
        let length = withUnsafeMutablePointer(to: &words) {
            pread(file.descriptor.number, $0, byteCount, off_t(LowMemory.resumeBlock))
        }
        guard length == byteCount, words[0] == Self.magic else { return nil }
        id = SnapshotID(high: words[1], low: words[2])
        entry = UInt32(truncatingIfNeeded: words[3])
    }

    func write(to memory: MachineMemory) {
        var bytes: [UInt8] = []
        for word in [Self.magic, id.high, id.low, UInt64(entry)] { bytes.append(littleEndian: word) }
        bytes.withUnsafeBytes { memory.write($0, at: LowMemory.resumeBlock) }
    }
}
