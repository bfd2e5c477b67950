import Virtio

/// The guest's memory as this process reaches it: one mapping, which the guest sees in two pieces.
///
/// Mapped files are not part of it: a device that wrote to them on the guest's word would fault.
///
/// SAFETY (@unchecked Sendable): the mapping is fixed for the value's life. Its bytes belong to the guest, which
/// changes them at any time; a reader reads each once.
public final class MachineMemory: GuestMemory, @unchecked Sendable {
    let layout: AddressLayout
    let mapping: MemoryMapping

    public init(_ layout: AddressLayout) throws(VMMError) {
        self.layout = layout
        mapping = try MemoryMapping(anonymous: Int(layout.byteCount))
    }

    /// All of it, valid as long as this object.
    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: mapping.base, count: mapping.byteCount) }

    /// Makes it the memory of a machine.
    func install(in machine: inout KVMMachine) throws(VMMError) {
        for piece in pieces where piece.byteCount > 0 {
            let buffer = UnsafeMutableRawBufferPointer(start: mapping.base + piece.offset, count: piece.byteCount)
            try machine.addMemory(buffer, at: piece.address)
        }
    }

    /// Writes before the machine runs. Traps unless `address` was checked to be memory.
    func write(_ bytes: UnsafeRawBufferPointer, at address: UInt64) {
        guard let region = region(at: address, byteCount: UInt64(bytes.count)) else {
            preconditionFailure("boot data outside of the memory that was checked")
        }
        if bytes.count > 0 { region.base.copyMemory(from: bytes.baseAddress!, byteCount: bytes.count) }
    }

    /// Has the host make the pages of `range` ready, as far as they are the guest's memory; what is in them stays.
    func touch(_ range: Range<UInt64>) {
        let range = range.clamped(to: 0..<layout.lowByteCount)
        mapping.populate(Int(range.lowerBound)..<Int(range.upperBound))
    }

    public func region(at physicalAddress: UInt64, byteCount: UInt64) -> DMARegion? {
        for piece in pieces where physicalAddress >= piece.address {
            let offset = physicalAddress - piece.address
            let total = UInt64(piece.byteCount)
            guard offset <= total, byteCount <= total - offset else { continue }
            return DMARegion(
                base: mapping.base + piece.offset + Int(offset), physicalAddress: physicalAddress,
                byteCount: Int(byteCount))
        }
        return nil
    }

    private struct Piece {
        let address: UInt64
        let offset: Int
        let byteCount: Int
    }

    private var pieces: [Piece] {
        let low = Piece(address: 0, offset: 0, byteCount: Int(layout.lowByteCount))
        return [
            low,
            Piece(address: AddressLayout.highStart, offset: low.byteCount, byteCount: Int(layout.highByteCount)),
        ]
    }
}
