import Boot
import GuestInterface
import KernelCore
import Law
import MonotonicTime
import Virtio

/// Randomness for the kernel: hash seeds from the first moment on, connection secrets and sampling seeds later.
enum KernelEntropy {
    private static var leafExtendedFeatures: UInt32 { 1 }
    private static var rdrandFeature: UInt32 { 1 << 30 }

    /// Mixes in what the CPU itself has: RDRAND where present, and the timestamp counter's low bits.
    static func start() {
        let hasRandomInstruction = boot_cpuid(leafExtendedFeatures, 0).ecx & rdrandFeature != 0
        for _ in 0..<4 {
            var word: UInt64 = 0
            if hasRandomInstruction, boot_rdrand(&word) { Machine.entropy.mix(word) }
            Machine.entropy.mix(boot_rdtsc())
        }
    }

    /// Mixes in what a resumed machine was given, so that no two made of the same memory draw the same numbers.
    static func diverge(by seed: ResumeBlock.Seed) {
        for word in [seed.0, seed.1, seed.2, seed.3] { Machine.entropy.mix(word) }
        start()
    }

    private static var seedByteCount: Int { 32 }
    private static var seedTimeout: Interval { .milliseconds(200) }

    /// Mixes in what the host gives. A device that is slow or fails costs a warning, not the boot.
    static func reseed(
        _ permit: consuming Permit<Read, EntropyDeviceTarget>, from device: EntropyDevice<DeviceInventory.Registers>
    ) async {
        let deadline = MachineClock.now + seedTimeout
        var seed: [UInt8] = []
        do throws(DeviceFault) {
            while seed.count < seedByteCount, MachineClock.now < deadline {
                try device.request(byteCount: seedByteCount - seed.count)
                var bytes = [UInt8](repeating: 0, count: seedByteCount)
                var destination = bytes.mutableSpan
                if let count = try device.collect(into: &destination) {
                    seed += bytes[..<min(count, bytes.count)]
                } else if !device.armInterrupts() {
                    await Executor.waitForInterrupt(until: deadline)
                    device.clearInterrupt()
                }
            }
        } catch {
            Machine.log.warning("entropy: the device was given up: \(error.description)")
        }
        for start in stride(from: 0, to: seed.count, by: 8) {
            Machine.entropy.mix(seed[start..<min(start + 8, seed.count)].reduce(0) { $0 << 8 | UInt64($1) })
        }
        if seed.count < seedByteCount { Machine.log.warning("entropy: the host gave \(seed.count) bytes only") }
    }
}

/// What Swift's hasher seeds itself from.
///
/// SAFETY: the caller passes `byteCount` writable bytes.
@_cdecl("arc4random_buf")
public func arc4randomBuffer(_ buffer: UnsafeMutableRawPointer, _ byteCount: Int) {
    for offset in 0..<byteCount {
        buffer.storeBytes(of: UInt8(truncatingIfNeeded: Machine.entropy.next()), toByteOffset: offset, as: UInt8.self)
    }
}
