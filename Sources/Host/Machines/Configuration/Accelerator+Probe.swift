import CLinux
import HostSystem

extension Accelerator {
    /// What a person asks for: one accelerator, or the best that works.
    public enum Request: String, CaseIterable, Sendable {
        case auto, kvm, tcg
    }

    /// The accelerator to use, and why it is not KVM when `auto` could not have it.
    public struct Choice: Equatable, Sendable {
        public let accelerator: Accelerator
        public let fallbackReason: String?
    }

    /// Decides by creating a virtual machine: a /dev/kvm that opens may still refuse.
    public static func choose(
        _ request: Request, probe: () -> Int32 = linux_probe_kvm
    ) throws(KVMUnusable) -> Choice {
        if request == .tcg { return Choice(accelerator: .tcg, fallbackReason: nil) }
        let failure = probe()
        if failure == 0 { return Choice(accelerator: .kvm, fallbackReason: nil) }
        let reason = "/dev/kvm: \(errorText(failure))"
        if request == .kvm { throw KVMUnusable(reason: reason) }
        return Choice(accelerator: .tcg, fallbackReason: reason)
    }
}
