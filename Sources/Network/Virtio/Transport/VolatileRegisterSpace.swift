// Real registers exist on bare metal only; the host's tests use a model of them.
#if hasFeature(Embedded)
internal import _Volatile

/// The registers of a real device, mapped uncached at `base`. Each access is one load or store, never merged, repeated
/// or left out. Under a hypervisor each is an exit: tens of microseconds.
public struct VolatileRegisterSpace: RegisterSpace {
    private let base: UInt

    /// - Parameter base: virtual address of the first register, page-mapped for as long as this value is used.
    public init(base: UInt) {
        self.base = base
    }

    public func read8(at offset: Int) -> UInt8 {
        // SAFETY: the maker of this value promised that the registers are mapped.
        VolatileMappedRegister<UInt8>(unsafeBitPattern: base + UInt(offset)).load()
    }

    public func read16(at offset: Int) -> UInt16 {
        // SAFETY: as above.
        VolatileMappedRegister<UInt16>(unsafeBitPattern: base + UInt(offset)).load()
    }

    public func read32(at offset: Int) -> UInt32 {
        // SAFETY: as above.
        VolatileMappedRegister<UInt32>(unsafeBitPattern: base + UInt(offset)).load()
    }

    public func write32(_ value: UInt32, at offset: Int) {
        // SAFETY: as above.
        VolatileMappedRegister<UInt32>(unsafeBitPattern: base + UInt(offset)).store(value)
    }
}
#endif
