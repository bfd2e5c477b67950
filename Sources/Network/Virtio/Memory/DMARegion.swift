/// A stretch of memory that a device may read and write, contiguous in physical addresses.
///
/// Its creator promises that the memory stays valid, and unused by others, as long as a queue or a request that
/// was given the region lives: until the request has come back or the device has been reset.
public struct DMARegion {
    /// Where the processor finds the first byte.
    public let base: UnsafeMutableRawPointer
    /// Where the device finds the first byte. An identity-mapped kernel passes the bits of `base`.
    public let physicalAddress: UInt64
    public let byteCount: Int

    /// - Parameters:
    ///   - base: the first byte as the processor addresses it.
    ///   - physicalAddress: the first byte as the device addresses it.
    ///   - byteCount: bytes from there on, all contiguous for both.
    public init(base: UnsafeMutableRawPointer, physicalAddress: UInt64, byteCount: Int) {
        precondition(byteCount >= 0 && !physicalAddress.addingReportingOverflow(UInt64(byteCount)).overflow)
        self.base = base
        self.physicalAddress = physicalAddress
        self.byteCount = byteCount
    }

    /// The part that begins `offset` bytes in. Traps when it leaves the region: offsets are ours, never a device's.
    public func part(at offset: Int, byteCount: Int) -> DMARegion {
        precondition(offset >= 0 && byteCount >= 0 && offset <= self.byteCount - byteCount)
        return DMARegion(
            base: base + offset, physicalAddress: physicalAddress + UInt64(offset), byteCount: byteCount)
    }

    /// The same stretch as it is announced to a device.
    public func segment(at offset: Int, byteCount: Int) -> BufferSegment {
        let part = part(at: offset, byteCount: byteCount)
        return BufferSegment(physicalAddress: part.physicalAddress, byteCount: UInt32(part.byteCount))
    }

    /// All of it, as it is announced to a device.
    public var segment: BufferSegment { segment(at: 0, byteCount: byteCount) }

    /// Sets every byte to zero.
    public func clear() {
        // SAFETY: the region owns `byteCount` bytes at `base`.
        base.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)
    }
}

/// A physically contiguous piece of a buffer, as a descriptor holds it.
public struct BufferSegment: Equatable, Sendable {
    public var physicalAddress: UInt64
    public var byteCount: UInt32

    public init(physicalAddress: UInt64, byteCount: UInt32) {
        self.physicalAddress = physicalAddress
        self.byteCount = byteCount
    }
}

/// How much memory a queue or a device driver must be given.
public struct DMARequirement: Equatable, Sendable {
    public var byteCount: Int
    /// Alignment of the physical address, a power of two.
    public var alignment: Int

    public init(byteCount: Int, alignment: Int) {
        self.byteCount = byteCount
        self.alignment = alignment
    }

    func isMet(by region: DMARegion) -> Bool {
        region.byteCount >= byteCount && region.physicalAddress % UInt64(alignment) == 0
            && UInt(bitPattern: region.base) % UInt(alignment) == 0
    }
}

/// `value` rounded up to a multiple of `alignment`, a power of two.
@inline(__always)
func alignUp(_ value: Int, to alignment: Int) -> Int {
    (value + alignment - 1) & ~(alignment - 1)
}
