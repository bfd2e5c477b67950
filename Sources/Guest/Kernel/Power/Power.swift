import Boot
import Law

/// The ways out of the VM.
enum Power {
    enum Outcome: UInt32 {
        /// QEMU's isa-debug-exit turns the value v into exit code 2v + 1: 33.
        case success = 0x10
        /// Exit code 35.
        case failure = 0x11
    }

    /// A clean stop, for whoever the law lets stop the machine.
    static func off(_ permit: consuming Permit<Administer, PowerTarget>) -> Never {
        off(.success)
    }

    /// Ends the VM by the first of these that the VMM listens to: QEMU's debug-exit port, the keyboard controller's
    /// reset line (Firecracker), a halt for ever.
    static func off(_ outcome: Outcome) -> Never {
        boot_out32(0xf4, outcome.rawValue)
        boot_out8(0x64, 0xfe)
        while true {
            boot_clear_pending_any()
            boot_idle()
        }
    }
}
