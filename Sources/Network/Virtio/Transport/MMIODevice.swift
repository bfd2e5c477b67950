/// A virtio-mmio device as the hypervisor announces it on the kernel's command line.
public struct MMIODevice: Equatable, Sendable {
    /// Physical address of the first register.
    public let address: UInt64
    /// Bytes of registers and configuration space.
    public let byteCount: UInt64
    /// Number of the interrupt line (x86: the global system interrupt).
    public let interrupt: UInt32

    public init(address: UInt64, byteCount: UInt64, interrupt: UInt32) {
        self.address = address
        self.byteCount = byteCount
        self.interrupt = interrupt
    }
}

/// Why a command line's devices were refused. Offsets count bytes from the start of the command line.
public enum MMIODeviceError: Error, Equatable {
    /// The command line is longer than `VirtioLimits.commandLineBytesMax`.
    case commandLineTooLong(byteCount: Int)
    /// More devices than `VirtioLimits.commandLineDevicesMax`.
    case tooManyDevices(offset: Int)
    /// A number was expected and is not there, or something follows it that does not belong.
    case malformed(field: MMIODeviceField, offset: Int)
    /// A number has more than 64 bits.
    case numberTooLarge(field: MMIODeviceField, offset: Int)
    /// The registers need 256 bytes at least.
    case sizeTooSmall(byteCount: UInt64, offset: Int)
    /// The address is not aligned to 4 bytes, or the device reaches past the end of the address space.
    case addressUnusable(address: UInt64, offset: Int)
    /// The interrupt lies outside of 1 to `VirtioLimits.interruptMax`.
    case interruptOutOfRange(offset: Int)
    /// The device shares registers with one before it.
    case overlapping(address: UInt64, offset: Int)
}

/// Fields of `virtio_mmio.device=SIZE@ADDRESS:INTERRUPT[:ID]`.
public enum MMIODeviceField: Equatable, Sendable {
    case size
    case address
    case interrupt
    case identifier
}

extension MMIODeviceError: CustomStringConvertible {
    public var description: String {
        let problem =
            switch self {
            case .commandLineTooLong(let byteCount):
                "\(byteCount) bytes of command line, at most \(VirtioLimits.commandLineBytesMax) are taken"
            case .tooManyDevices(let offset):
                "more than \(VirtioLimits.commandLineDevicesMax) devices, at \(offset)"
            case .malformed(let field, let offset):
                "bad \(field.name) at \(offset)"
            case .numberTooLarge(let field, let offset):
                "\(field.name) at \(offset) does not fit 64 bits"
            case .sizeTooSmall(let byteCount, let offset):
                "size \(byteCount) at \(offset) is less than the 256 bytes of registers"
            case .addressUnusable(let address, let offset):
                "address \(hex(address)) at \(offset) is misaligned or out of range"
            case .interruptOutOfRange(let offset):
                "interrupt at \(offset) is not within 1 to \(VirtioLimits.interruptMax)"
            case .overlapping(let address, let offset):
                "device \(hex(address)) at \(offset) overlaps one before it"
            }
        return "virtio_mmio.device: \(problem); expected SIZE@ADDRESS:INTERRUPT, such as 4K@0xd0000000:5"
    }
}

extension MMIODeviceField {
    var name: String {
        switch self {
        case .size: "size"
        case .address: "address"
        case .interrupt: "interrupt"
        case .identifier: "identifier"
        }
    }
}
