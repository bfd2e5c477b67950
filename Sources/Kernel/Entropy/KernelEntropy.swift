import Boot
import KernelCore

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
}

/// What Swift's hasher seeds itself from.
@_cdecl("arc4random_buf")
public func arc4randomBuffer(_ buffer: UnsafeMutableRawPointer, _ byteCount: Int) {
    for offset in 0..<byteCount {
        buffer.storeBytes(of: UInt8(truncatingIfNeeded: Machine.entropy.next()), toByteOffset: offset, as: UInt8.self)
    }
}
