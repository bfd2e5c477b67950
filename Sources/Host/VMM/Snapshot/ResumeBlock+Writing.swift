import CLinux
import Glibc
import GuestInterface
import HostSystem

extension ResumeBlock {
    /// What a kernel that is resumed now must know.
    static func now() throws(VMMError) -> ResumeBlock {
        var seed: Seed = (0, 0, 0, 0)
        let byteCount = MemoryLayout.size(ofValue: seed)
        let length = withUnsafeMutablePointer(to: &seed) { getrandom($0, byteCount, 0) }
        guard length == byteCount else { throw .system(call: "getrandom", errno: errno) }
        return ResumeBlock(wallClockSeconds: HostClock.unixSeconds, seed: seed)
    }

    /// Leaves the block in saved memory, over its mark.
    func write(to memory: MachineMemory) {
        bytes.withUnsafeBytes { memory.write($0, at: LowMemory.resumeBlock) }
    }
}
