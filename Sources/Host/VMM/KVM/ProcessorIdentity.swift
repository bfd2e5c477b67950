import CKVM

/// The CPUID leaves of a guest processor (`struct kvm_cpuid2`).
///
/// Some hypervisors under ours report a reduced set in ring 0 (PVM); what is not in the set is simply not announced.
public final class ProcessorIdentity {
    /// A header of two words, then `capacity` entries.
    private let memory: UnsafeMutableRawPointer
    private let capacity: Int

    private static let headerByteCount = MemoryLayout<kvm_cpuid2>.size
    private static let entryByteCount = MemoryLayout<kvm_cpuid_entry2>.stride

    init(capacity: Int) {
        self.capacity = capacity
        let byteCount = Self.headerByteCount + capacity * Self.entryByteCount
        memory = .allocate(byteCount: byteCount, alignment: MemoryLayout<UInt64>.alignment)
        memory.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)
        count = capacity
    }

    deinit { memory.deallocate() }

    /// Entries in use, as KVM sets it.
    private var count: Int {
        get { min(Int(memory.load(as: UInt32.self)), capacity) }
        set { memory.storeBytes(of: UInt32(newValue), as: UInt32.self) }
    }

    /// Passes the structure to an ioctl.
    func withStructure<Result>(_ body: (UnsafeMutableRawPointer) -> Result) -> Result { body(memory) }

    /// SAFETY: the first `count` entries were filled in by KVM, and `count` never exceeds the memory.
    private var entries: UnsafeMutableBufferPointer<kvm_cpuid_entry2> {
        let first = (memory + Self.headerByteCount).assumingMemoryBound(to: kvm_cpuid_entry2.self)
        return UnsafeMutableBufferPointer(start: first, count: count)
    }

    /// Makes the leaves say that the processor is number `index` of `processorCount` (SDM vol. 2, CPUID).
    func describe(processor index: Int, of processorCount: Int) {
        let identifier = UInt32(index)
        let table = entries
        for entry in table.indices {
            switch table[entry].function {
            case 0x1:
                // EBX: initial APIC id in bits 31-24, addressable ids of the package in bits 23-16.
                let others = table[entry].ebx & 0x0000_ffff
                table[entry].ebx = others | identifier << 24 | UInt32(processorCount) << 16
            case 0xb, 0x1f:
                table[entry].edx = identifier
            case 0x7 where table[entry].index == 0:
                // IA32_ARCH_CAPABILITIES: its content is the host's affair, and not every KVM lets a guest read it.
                table[entry].edx &= ~(1 << 29)
            default: continue
            }
        }
    }

    /// Of the features that a kernel chooses its code by (leaves 1, 7 and 13).
    var featureFingerprint: Fingerprint {
        var fingerprint = Fingerprint()
        // Bit 27 of ECX repeats what the system has set in CR4.
        let basic = leaf(0x1).map { [$0.ecx & ~(1 << 27), $0.edx] } ?? []
        let extended = leaf(0x7).map { [$0.ebx, $0.ecx, $0.edx] } ?? []
        let states = leaf(0xd).map { [$0.eax] } ?? []
        for word in basic + extended + states { fingerprint.combine(UInt64(word)) }
        return fingerprint
    }

    /// The registers of one leaf; nil when it is not in the set.
    func leaf(_ function: UInt32, _ index: UInt32 = 0) -> kvm_cpuid_entry2? {
        entries.first { $0.function == function && $0.index == index }
    }
}
