/// Where things are in the guest's physical address space.
///
///     0          boot structures and the page where other cores start
///     1 MiB      kernel image, then free memory, up to 3 GiB at most
///     0xd000_0000  registers of the virtio devices, one page each
///     0xfec0_0000  interrupt controllers (in KVM)
///     4 GiB      the memory that does not fit below 3 GiB
///     after it   files mapped as memory, aligned to 1 GiB
public struct AddressLayout: Equatable, Sendable {
    /// Memory below the devices, from address 0.
    public let lowByteCount: UInt64
    /// Memory from 4 GiB on; 0 when all fits below.
    public let highByteCount: UInt64

    static let lowByteCountMax: UInt64 = 3 << 30
    static let highStart: UInt64 = 4 << 30
    static let deviceRegisters: UInt64 = 0xd000_0000
    static let deviceRegisterByteCount: UInt64 = 4_096
    /// Below are the boot structures; a kernel image lies above.
    static let imageStart: UInt64 = 1 << 20
    /// The legacy video memory begins here and is not announced as memory.
    static let firstHoleStart: UInt64 = 0xa_0000

    public init(memoryMiB: Int) throws(VMMError) {
        guard (VMMLimits.memoryMiBMin...VMMLimits.memoryMiBMax).contains(memoryMiB) else {
            throw .configuration(
                field: "mem_size_mib",
                reason: "\(memoryMiB) is not within \(VMMLimits.memoryMiBMin) and \(VMMLimits.memoryMiBMax)")
        }
        let byteCount = UInt64(memoryMiB) << 20
        lowByteCount = min(byteCount, Self.lowByteCountMax)
        highByteCount = byteCount - lowByteCount
    }

    var byteCount: UInt64 { lowByteCount + highByteCount }

    /// What is announced to the kernel as memory, in order.
    var usable: [Range<UInt64>] {
        var ranges = [0..<Self.firstHoleStart, Self.imageStart..<lowByteCount]
        if highByteCount > 0 { ranges.append(Self.highStart..<Self.highStart + highByteCount) }
        return ranges
    }

    /// Where mapped files start: the first whole GiB above everything else.
    var filesStart: UInt64 {
        let gibibyte: UInt64 = 1 << 30
        return (Self.highStart + highByteCount + gibibyte - 1) / gibibyte * gibibyte
    }
}
