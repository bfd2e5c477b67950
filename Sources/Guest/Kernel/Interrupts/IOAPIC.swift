import Boot
import KernelCore

/// The I/O APICs of a microVM: they turn device lines into vectors (Intel 82093AA, 3.2).
enum IOAPIC {
    /// QEMU's microvm has a second one, with lines from 24 up; others have only the first.
    static var registers: [PhysicalRange] {
        [firstBase, secondBase].map { PhysicalRange(start: $0, end: $0 + 4_096) }
    }

    private static var firstBase: UInt64 { 0xfec0_0000 }
    private static var secondBase: UInt64 { 0xfec1_0000 }
    private static var linesPerController: UInt8 { 24 }
    private static var lineCount: UInt8 { 48 }
    private static var firstVector: UInt8 { 0x30 }
    private static var window: UInt64 { 0x10 }

    /// Of a `line` that `route` accepts.
    static func vector(line: UInt8) -> UInt8 { firstVector &+ line }

    /// Routes `line` to core 0, edge triggered: a virtio-mmio line rises when the device's interrupt status becomes
    /// non-zero, and drivers acknowledge before they look.
    ///
    /// False when there is no such line.
    static func route(line: UInt8) -> Bool {
        guard line < lineCount else { return false }
        let base = line < linesPerController ? firstBase : secondBase
        let entry = UInt32(0x10 + 2 * (line % linesPerController))
        write(base, register: entry + 1, LocalAPIC.id << 24)
        write(base, register: entry, UInt32(vector(line: line)))
        return true
    }

    private static func write(_ base: UInt64, register: UInt32, _ value: UInt32) {
        boot_mmio_write32(base, register)
        boot_mmio_write32(base + window, value)
    }
}
