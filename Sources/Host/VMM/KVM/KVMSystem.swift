import CKVM
import Glibc
import HostSystem

/// `/dev/kvm`: what the host can do, and where machines come from.
public struct KVMSystem: ~Copyable {
    private let handle: KVMHandle

    public init() throws(VMMError) {
        let number = open("/dev/kvm", O_RDWR | O_CLOEXEC)
        guard number >= 0 else { throw .fileUnreadable(path: "/dev/kvm", errno: errno) }
        let handle = KVMHandle(descriptor: FileDescriptor(owning: number))
        let version = try handle.call(ckvm_get_api_version, "KVM_GET_API_VERSION")
        guard version == KVM_API_VERSION else { throw .apiVersion(version) }
        for (ability, name) in Self.requiredAbilities {
            guard try handle.call(ckvm_check_extension, "KVM_CHECK_EXTENSION", UInt64(ability)) > 0 else {
                throw .abilityMissing(name)
            }
        }
        self.handle = handle
    }

    private static let requiredAbilities: [(Int32, StaticText)] = [
        (KVM_CAP_USER_MEMORY, "user memory (KVM_CAP_USER_MEMORY)"),
        (KVM_CAP_READONLY_MEM, "read-only memory (KVM_CAP_READONLY_MEM)"),
        (KVM_CAP_IRQCHIP, "interrupt controllers (KVM_CAP_IRQCHIP)"),
        (KVM_CAP_IRQFD, "interrupt events (KVM_CAP_IRQFD)"),
        (KVM_CAP_IOEVENTFD, "I/O events (KVM_CAP_IOEVENTFD)"),
        (KVM_CAP_IMMEDIATE_EXIT, "immediate exits (KVM_CAP_IMMEDIATE_EXIT)"),
    ]

    /// A machine without memory, interrupt controllers and processors, which are added in this order.
    public func makeMachine() throws(VMMError) -> KVMMachine {
        let mapByteCount = try handle.call(ckvm_get_processor_map_byte_count, "KVM_GET_VCPU_MMAP_SIZE")
        // The answer is where the ring is in a processor's mapping; 0 where there is none.
        let ringPage = try handle.call(ckvm_check_extension, "KVM_CHECK_EXTENSION", UInt64(KVM_CAP_COALESCED_MMIO))
        return KVMMachine(
            handle: try handle.make(ckvm_create_machine, "KVM_CREATE_VM"), processorMapByteCount: Int(mapByteCount),
            coalescedWritesPage: ringPage > 0 ? Int(ringPage) : nil)
    }

    /// What CPUID says in a guest, as far as the host supports it.
    public func supportedIdentity() throws(VMMError) -> ProcessorIdentity {
        let identity = ProcessorIdentity(capacity: Self.identityEntriesMax)
        let result = identity.withStructure { ckvm_call_with(handle.descriptor.number, ckvm_get_supported_cpuid, $0) }
        guard result >= 0 else { throw .kvm(call: "KVM_GET_SUPPORTED_CPUID", errno: -result) }
        return identity
    }

    /// KVM's own limit (KVM_MAX_CPUID_ENTRIES).
    private static let identityEntriesMax = 256
}
