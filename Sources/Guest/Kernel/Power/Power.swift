import Boot
import GuestInterface
import Law

/// The ways out of the VM.
enum Power {
    enum Outcome {
        case success, failure
    }

    /// A clean stop, for whoever the law lets stop the machine.
    static func off(_ permit: consuming Permit<Administer, PowerTarget>) -> Never {
        off(.success)
    }

    /// Ends the VM by the first of these that the VMM listens to: the exit port, the reset line, a halt for ever.
    static func off(_ outcome: Outcome) -> Never {
        let status: ExitStatus = outcome == .success ? .poweredOff : .failed
        boot_out32(ExitStatus.port, status.rawValue)
        boot_out8(ResetLine.port, ResetLine.command)
        while true {
            boot_clear_pending_any()
            boot_idle()
        }
    }
}
