/// Access to the registers of one virtio-mmio device. The kernel passes `VolatileRegisterSpace`, tests a model.
///
/// Offsets are `MMIORegister`'s and always naturally aligned. The narrow reads are for the configuration space only:
/// control registers are accessed with 32 bits, fields of the configuration with their own width (VIRTIO 1.2, 4.2.2.2).
public protocol RegisterSpace {
    func read8(at offset: Int) -> UInt8
    func read16(at offset: Int) -> UInt16
    func read32(at offset: Int) -> UInt32
    func write32(_ value: UInt32, at offset: Int)
}
