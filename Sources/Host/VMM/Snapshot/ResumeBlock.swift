import CLinux
import Glibc
import HostSystem

/// What a resumed kernel is told: whatever must not be as it was when its memory was saved. Read by
/// `KernelCore.ResumeBlock`.
struct ResumeBlock {
    /// Behind what a booted kernel is told (`StartInfo`).
    static let address: UInt64 = 0x4000

    /// "HEXARSM" and the version of the layout, 1.
    private static let magic: UInt64 = 0x014d_5352_4158_4548

    /// Seconds since 1970.
    let wallClockSeconds: UInt64
    /// Fresh random bits.
    let seed: [4 of UInt64]

    static func now() throws(VMMError) -> ResumeBlock {
        var seed = [4 of UInt64](repeating: 0)
        let byteCount = MemoryLayout.size(ofValue: seed)
        let length = withUnsafeMutablePointer(to: &seed) { getrandom($0, byteCount, 0) }
        guard length == byteCount else { throw .system(call: "getrandom", errno: errno) }
        return ResumeBlock(wallClockSeconds: HostClock.unixSeconds, seed: seed)
    }

    /// Leaves the block in saved memory, over its mark.
    func write(to memory: MachineMemory) {
        bytes.withUnsafeBytes { memory.write($0, at: Self.address) }
    }

    var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(littleEndian: Self.magic)
        bytes.append(littleEndian: wallClockSeconds)
        for index in seed.indices { bytes.append(littleEndian: seed[index]) }
        return bytes
    }
}
