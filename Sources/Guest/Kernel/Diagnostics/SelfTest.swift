import Boot
import GuestInterface
import KernelCore
import Law

/// Breaks one rule on purpose. Every case but `powerOff` and `lawSpeed` must end in a report and exit code 35; the
/// tests in Tests/End2End look for both.
enum SelfTest {
    static func run(_ test: KernelConfiguration.SelfTest, law: inout Law, capability: borrowing Capability) -> Never {
        let image = boot_image()
        switch test {
        case .nullPage: _ = boot_mmio_read32(8)
        case .stackOverflow: _ = overflowStack(depth: 0)
        case .writeText: boot_mmio_write32(image.text_start, 0)
        case .executeData: boot_call(image.early_pool_start)
        case .touchStub: _ = boot_mmio_read32(image.stub_text_end)
        case .outOfMemory: _ = [UInt8](repeating: 0, count: 1 << 40)
        case .panic: Panic.stop("self-test")
        case .trap: trapOnOverflow(Int(truncatingIfNeeded: boot_rdtsc() | 1))
        case .powerOff, .lawSpeed:
            if test == .lawSpeed { LawSpeed.report(law: &law, capability: capability) }
            if let permit = try? law.check(capability, Administer.self, on: .power, now: MachineClock.now) {
                Power.off(permit)
            }
        }
        Machine.log.error("self-test: the broken rule went unnoticed")
        Power.off(.success)
    }

    @inline(never)
    private static func overflowStack(depth: UInt64) -> UInt64 {
        // The subtraction after the call keeps this from becoming a loop.
        depth == .max ? 0 : overflowStack(depth: depth + 1) &- boot_rdtsc()
    }

    @inline(never)
    private static func trapOnOverflow(_ value: Int) {
        Machine.log.info("self-test: \(Int.max / value * value + Int.max)")
    }
}
