import Boot
import KernelCore
import MonotonicTime

/// Monotonic nanoseconds since the kernel's entry, from the timestamp counter.
enum MachineClock {
    @inline(__always)
    static var now: Instant { Machine.clock.instant(at: boot_rdtsc()) }

    /// Where the counter's rate came from, for the log.
    enum Source: Sendable {
        case kvmClock, localAPIC

        var name: StaticString {
            switch self {
            case .kvmClock: "KVM's paravirtual clock"
            case .localAPIC: "the local APIC timer"
            }
        }
    }

    /// Finds the counter's rate. `origin` is a reading taken at entry.
    static func calibrate(origin: UInt64) -> Source {
        if let clock = ParavirtualClock.read(origin: origin) {
            Machine.clock = clock
            return .kvmClock
        }
        Machine.clock = LocalAPIC.calibrate(origin: origin)
        return .localAPIC
    }

    /// Goes on from `instant` on a machine whose counter has another zero, and perhaps another rate.
    static func resume(from instant: Instant) {
        let timestamp = boot_rdtsc()
        _ = calibrate(origin: timestamp)
        Machine.clock = Machine.clock.showing(instant, at: timestamp)
    }
}

/// KVM's clock page: the hypervisor knows the counter's rate exactly, and tells it at once.
private enum ParavirtualClock {
    // SAFETY: the page is this function's own; the hypervisor writes the structure's fields to it.

    private static var signatureLeaf: UInt32 { 0x4000_0000 }
    /// "KVMKVMKVM" in EBX, ECX, EDX.
    private static var signature: (UInt32, UInt32, UInt32) { (0x4b4d_564b, 0x564b_4d56, 0x4d) }
    private static var featureLeaf: UInt32 { 0x4000_0001 }
    private static var clockSource2: UInt32 { 1 << 3 }
    private static var systemTimeNew: UInt32 { 0x4b56_4d01 }

    static func read(origin: UInt64) -> TimestampClock? {
        let id = boot_cpuid(signatureLeaf, 0)
        guard (id.ebx, id.ecx, id.edx) == signature, boot_cpuid(featureLeaf, 0).eax & clockSource2 != 0,
            let page = KernelHeap.allocatePages(byteCount: 4_096)
        else { return nil }
        page.initializeMemory(as: UInt8.self, repeating: 0, count: 64)
        // Bit 0 switches the updates on; off again at once, as the rate is all we want.
        boot_write_msr(systemTimeNew, UInt64(UInt(bitPattern: page)) | 1)
        let multiplier = page.load(fromByteOffset: 24, as: UInt32.self)
        let shift = page.load(fromByteOffset: 28, as: Int8.self)
        boot_write_msr(systemTimeNew, 0)
        KernelHeap.free(page)
        return TimestampClock(paravirtualMultiplier: multiplier, shift: shift, origin: origin)
    }
}
