import KernelCore

/// Reads guest-physical memory through the boot page tables, which map the first 4 GiB one to one.
struct PhysicalMemory: BootInformation.PhysicalMemoryReader {
    static var bootMappedEnd: UInt64 { 4 << 30 }

    func read8(_ address: UInt64) throws(BootInformation.ReadError) -> UInt8 {
        guard address < Self.bootMappedEnd, address != 0, let pointer = UnsafePointer<UInt8>(bitPattern: UInt(address))
        else { throw .unreachable(address) }
        // SAFETY: identity mapped, readable; nothing of Swift's lives in memory the VMM wrote.
        return pointer.pointee
    }
}
