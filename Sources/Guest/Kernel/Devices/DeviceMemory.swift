import KernelCore
import Virtio

/// Memory lent to devices. The kernel is identity mapped: a pointer's bits are the physical address.
enum DeviceMemory {
    /// Memory for a driver, cleared; never given back, as drivers live as long as the machine.
    static func allocate(_ requirement: DMARequirement) -> DMARegion? {
        guard let base = KernelHeap.allocatePages(byteCount: requirement.byteCount, alignment: requirement.alignment)
        else { return nil }
        let region = region(base, byteCount: requirement.byteCount)
        region.clear()
        return region
    }

    /// `byteCount` bytes at `base` as a device sees them. The owner keeps them alive while a device may use them.
    static func region(_ base: UnsafeMutableRawPointer, byteCount: Int) -> DMARegion {
        DMARegion(base: base, physicalAddress: UInt64(UInt(bitPattern: base)), byteCount: byteCount)
    }
}
