import Boot
import KernelCore
import MonotonicTime

/// This core's interrupt controller and its one-shot timer (SDM vol. 3, chapter 10).
enum LocalAPIC {
    static var registers: PhysicalRange { PhysicalRange(start: base, end: base + 4_096) }
    static var timerVector: UInt8 { 0x20 }
    private static var spuriousVector: UInt32 { 0xff }

    private static var base: UInt64 { 0xfee0_0000 }
    private static var taskPriority: UInt64 { 0x80 }
    private static var spuriousInterrupt: UInt64 { 0xf0 }
    private static var softwareEnable: UInt32 { 1 << 8 }
    private static var timerEntry: UInt64 { 0x320 }
    private static var masked: UInt32 { 1 << 16 }
    private static var initialCount: UInt64 { 0x380 }
    private static var currentCount: UInt64 { 0x390 }
    private static var divideConfiguration: UInt64 { 0x3e0 }
    private static var divideBy1: UInt32 { 0b1011 }
    static var idRegister: UInt64 { 0x20 }

    private static var commandLow: UInt64 { 0x300 }
    private static var commandHigh: UInt64 { 0x310 }
    private static var commandINIT: UInt32 { 0x4500 }
    private static var commandStartUp: UInt32 { 0x4600 }
    private static var commandFixed: UInt32 { 0x4000 }

    /// KVM and QEMU run the timer at 1 GHz: a count is a nanosecond.
    private static var timerHertz: UInt64 { 1_000_000_000 }

    static func enable() {
        boot_mmio_write32(base + taskPriority, 0)
        boot_mmio_write32(base + spuriousInterrupt, softwareEnable | spuriousVector)
        boot_mmio_write32(base + divideConfiguration, divideBy1)
        boot_mmio_write32(base + timerEntry, UInt32(timerVector))
    }

    static var id: UInt32 { boot_mmio_read32(base + idRegister) >> 24 }

    /// Asks for one interrupt on `timerVector` after `interval` (at most about four seconds; the executor asks again).
    static func armTimer(after interval: Interval) {
        let count = min(max(interval.nanoseconds, 1), UInt64(UInt32.max))
        boot_mmio_write32(base + initialCount, UInt32(count))
    }

    /// Sends INIT and start-up IPIs (SDM vol. 3, 8.4.4): the core begins in real mode at `page` * 4096. Emulated APICs
    /// need none of the pauses that the manual asks for between the two.
    static func startCore(identifier: UInt32, page: UInt32) {
        for command in [commandINIT, commandStartUp | page] {
            boot_mmio_write32(base + commandHigh, identifier << 24)
            boot_mmio_write32(base + commandLow, command)
        }
    }

    /// Has a halted core go on: its gate looks again at the word that it waits on.
    static func wakeCore(identifier: UInt32) {
        boot_mmio_write32(base + commandHigh, identifier << 24)
        boot_mmio_write32(base + commandLow, commandFixed | UInt32(boot_wake_vector))
    }

    /// Measures the timestamp counter against the APIC timer: 2 ms, for machines without a paravirtual clock.
    static func calibrate(origin: UInt64) -> TimestampClock {
        let interval: UInt32 = 2_000_000
        boot_mmio_write32(base + divideConfiguration, divideBy1)
        boot_mmio_write32(base + timerEntry, masked | UInt32(timerVector))
        let start = boot_rdtsc()
        boot_mmio_write32(base + initialCount, .max)
        var elapsed: UInt32 = 0
        while elapsed < interval {
            elapsed = .max - boot_mmio_read32(base + currentCount)
        }
        let ticks = boot_rdtsc() - start
        boot_mmio_write32(base + initialCount, 0)
        let frequency = ticks.multipliedReportingOverflow(by: timerHertz).partialValue / UInt64(elapsed)
        return TimestampClock(frequencyHertz: max(frequency, 1), origin: origin)
    }
}
