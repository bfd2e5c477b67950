import CKVM
import HostSystem

/// A machine as KVM knows it: memory slots, interrupt lines, events of its I/O space, processors.
public struct KVMMachine: ~Copyable {
    private let handle: KVMHandle
    private let processorMapByteCount: Int
    /// The page of a processor's mapping that has the ring of coalesced writes; nil where KVM has none.
    private let coalescedWritesPage: Int?
    private var slotCount: UInt32 = 0

    /// Interrupt lines of the I/O APIC.
    static let interruptLineCount = UInt32(ckvm_interrupt_line_count)

    init(handle: consuming KVMHandle, processorMapByteCount: Int, coalescedWritesPage: Int?) {
        self.handle = handle
        self.processorMapByteCount = processorMapByteCount
        self.coalescedWritesPage = coalescedWritesPage
    }

    /// Adds two PICs, an I/O APIC and local APICs, without which there are no interrupt lines and no processors.
    ///
    /// Whatever goes onto KVM's buses, these and events of the I/O space, comes behind all memory: Linux (6.18) lets go
    /// of a bus's old state at leisure, and has a new memory slot wait for that, 5 ms where one takes 0.1 ms.
    func addInterruptControllers() throws(VMMError) {
        // Three pages that Intel's virtualisation wants for real mode, out of the way of everything else.
        try handle.call(ckvm_set_tss_address, "KVM_SET_TSS_ADDR", 0xfffb_d000)
        try handle.call(ckvm_create_interrupt_controllers, "KVM_CREATE_IRQCHIP")
        let failure = ckvm_route_interrupts_to_io_apic(handle.descriptor.number)
        guard failure == 0 else { throw .kvm(call: "KVM_SET_GSI_ROUTING", errno: -failure) }
    }

    /// Makes `memory`, whole pages that outlive the machine, the guest's memory at `address`.
    mutating func addMemory(
        _ memory: UnsafeMutableRawBufferPointer, at address: UInt64, isReadOnly: Bool = false
    ) throws(VMMError) {
        var region = kvm_userspace_memory_region(
            slot: slotCount, flags: isReadOnly ? UInt32(KVM_MEM_READONLY) : 0, guest_phys_addr: address,
            memory_size: UInt64(memory.count), userspace_addr: UInt64(UInt(bitPattern: memory.baseAddress)))
        try handle.call(ckvm_set_memory_region, "KVM_SET_USER_MEMORY_REGION", with: &region)
        slotCount += 1
    }

    /// Lets a write to `event` raise interrupt line `line`, edge triggered.
    func connect(_ event: borrowing EventDescriptor, toInterruptLine line: UInt32) throws(VMMError) {
        precondition(line < Self.interruptLineCount)
        var request = kvm_irqfd()
        request.fd = UInt32(event.number)
        request.gsi = line
        try handle.call(ckvm_set_interrupt_event, "KVM_IRQFD", with: &request)
    }

    /// Lets a 32-bit write of `value` to the physical `address` signal `event` instead of leaving the guest.
    func connect(
        _ event: borrowing EventDescriptor, toWriteOf value: UInt32, at address: UInt64
    ) throws(VMMError) {
        var request = kvm_ioeventfd()
        request.fd = event.number
        request.addr = address
        request.len = 4
        request.datamatch = UInt64(value)
        request.flags = UInt32(1 << kvm_ioeventfd_flag_nr_datamatch)
        try handle.call(ckvm_set_io_event, "KVM_IOEVENTFD", with: &request)
    }

    /// Lets KVM keep writes to the physical addresses `range` instead of leaving the guest, where it can: see
    /// `CoalescedWrites`.
    func coalesceWrites(to range: Range<UInt64>) throws(VMMError) {
        guard coalescedWritesPage != nil else { return }
        let result = ckvm_coalesce_writes(handle.descriptor.number, range.lowerBound, UInt32(range.count))
        guard result >= 0 else { throw .kvm(call: "KVM_REGISTER_COALESCED_MMIO", errno: -result) }
    }

    /// Makes processor `index`. The first starts where its registers say, the others wait for INIT and SIPI.
    func makeProcessor(_ index: Int, identity: ProcessorIdentity) throws(VMMError) -> KVMProcessor {
        let descriptor = try handle.make(ckvm_create_processor, "KVM_CREATE_VCPU", UInt64(index))
        return try KVMProcessor(
            handle: descriptor, mapByteCount: processorMapByteCount, coalescedWritesPage: coalescedWritesPage,
            identity: identity)
    }
}
