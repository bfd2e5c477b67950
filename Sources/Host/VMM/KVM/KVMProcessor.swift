import CKVM
import Glibc
import HostSystem

/// One virtual processor. All but `requestExit` belongs to the thread that runs it.
public struct KVMProcessor: ~Copyable {
    private let handle: KVMHandle
    /// The page(s) through which KVM and we talk about exits.
    private let map: MemoryMapping
    /// The machine's writes that were kept; valid as long as this processor. Nil where KVM keeps none.
    let coalescedWrites: CoalescedWrites?

    /// Why the guest's execution stopped.
    enum Exit {
        case portRead(port: UInt16, width: Int, UnsafeMutableRawBufferPointer)
        case portWrite(port: UInt16, width: Int, UnsafeRawBufferPointer)
        case memoryRead(address: UInt64, UnsafeMutableRawBufferPointer)
        case memoryWrite(address: UInt64, UnsafeRawBufferPointer)
        /// A signal or `requestExit` asked for it.
        case interrupted
        /// The guest reset or faulted three times over, or asked KVM for an end.
        case shutDown
        /// KVM cannot go on.
        case failed(String)
    }

    init(
        handle: consuming KVMHandle, mapByteCount: Int, coalescedWritesPage: Int?, identity: ProcessorIdentity
    ) throws(VMMError) {
        let result = identity.withStructure { ckvm_call_with(handle.descriptor.number, ckvm_set_cpuid, $0) }
        guard result >= 0 else { throw .kvm(call: "KVM_SET_CPUID2", errno: -result) }
        let map = try MemoryMapping(shared: handle.descriptor, byteCount: mapByteCount)
        let ringStart = coalescedWritesPage.map { $0 * MemoryMapping.pageByteCount }
        // SAFETY: KVM has the ring in that page of the mapping.
        coalescedWrites = ringStart.flatMap { start in
            start + MemoryMapping.pageByteCount <= mapByteCount ? CoalescedWrites(ring: map.base + start) : nil
        }
        self.map = map
        self.handle = handle
    }

    /// SAFETY: KVM lays a `kvm_run` out at the start of the mapping, which lives as long as this value.
    private var run: UnsafeMutablePointer<kvm_run> { map.base.assumingMemoryBound(to: kvm_run.self) }

    /// Sets where execution starts.
    func setEntry(_ entry: EntryState) throws(VMMError) {
        var special = kvm_sregs()
        try handle.call(ckvm_get_special_registers, "KVM_GET_SREGS", with: &special)
        entry.apply(to: &special)
        try handle.call(ckvm_set_special_registers, "KVM_SET_SREGS", with: &special)
        var registers = entry.registers
        try handle.call(ckvm_set_registers, "KVM_SET_REGS", with: &registers)
    }

    /// Runs the guest until something needs us. Buffers of the answer are valid until the next call, which also
    /// completes the reads they stand for.
    func runUntilExit() throws(VMMError) -> Exit {
        let result = ckvm_call(handle.descriptor.number, ckvm_run, 0)
        if result == -EINTR || result == -EAGAIN { return .interrupted }
        // The guest's own memory is always there; a mapped file's pages are gone when the file was truncated.
        if result == -EFAULT { return .failed("a mapped file has lost pages that the guest reads: was it truncated?") }
        guard result >= 0 else { throw .kvm(call: "KVM_RUN", errno: -result) }
        let exit = ckvm_read_exit(run)
        switch Int32(exit.reason) {
        case KVM_EXIT_IO:
            let (port, width) = (UInt16(truncatingIfNeeded: exit.address), Int(exit.width))
            let bytes = UnsafeMutableRawBufferPointer(start: exit.data, count: width * Int(exit.count))
            return exit.is_write
                ? .portWrite(port: port, width: width, UnsafeRawBufferPointer(bytes))
                : .portRead(port: port, width: width, bytes)
        case KVM_EXIT_MMIO:
            let bytes = UnsafeMutableRawBufferPointer(start: exit.data, count: min(Int(exit.width), 8))
            return exit.is_write
                ? .memoryWrite(address: exit.address, UnsafeRawBufferPointer(bytes))
                : .memoryRead(address: exit.address, bytes)
        case KVM_EXIT_INTR: return .interrupted
        case KVM_EXIT_SHUTDOWN, KVM_EXIT_SYSTEM_EVENT: return .shutDown
        case KVM_EXIT_FAIL_ENTRY: return .failed("the processor refused to enter the guest (reason \(exit.detail))")
        case KVM_EXIT_INTERNAL_ERROR: return .failed("KVM gave up emulating (suberror \(exit.detail))")
        default: return .failed("unexpected exit \(exit.reason)")
        }
    }

    /// What KVM counts of this processor; nil where it does not (before Linux 5.14).
    func statistics() -> KVMStatistics? { KVMStatistics(of: handle) }

    /// Makes the running and all later `runUntilExit` calls return, once the thread gets a signal. From any thread.
    func requestExit() { ckvm_set_immediate_exit(run, true) }
}
