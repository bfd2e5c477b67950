import CKVM

/// Writes to device registers that KVM has kept without leaving the guest (KVM_CAP_COALESCED_MMIO), in the order in
/// which they were made. A reader of what they change has to take them first.
///
/// SAFETY (@unchecked Sendable): the ring is shared with KVM, which allows one reader at a time, and the machine's lock
/// sees to that. It outlives the value: see `KVMProcessor.coalescedWrites`.
struct CoalescedWrites: @unchecked Sendable {
    private let ring: UnsafeMutablePointer<kvm_coalesced_mmio_ring>

    init(ring: UnsafeMutableRawPointer) {
        self.ring = ring.assumingMemoryBound(to: kvm_coalesced_mmio_ring.self)
    }

    /// Hands each write to `body`, the oldest first.
    func takeAll(_ body: (_ address: UInt64, UnsafeRawBufferPointer) -> Void) {
        var write = ckvm_coalesced_write()
        while ckvm_take_coalesced_write(ring, &write) {
            let (address, width) = (write.address, Int(write.width))
            withUnsafeBytes(of: &write.data) { body(address, UnsafeRawBufferPointer(rebasing: $0[..<width])) }
        }
    }
}
