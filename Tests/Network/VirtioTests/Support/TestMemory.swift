@testable import Virtio

/// Memory that driver and device share. Its physical addresses differ from its virtual ones, so that mixing them up
/// fails.
final class TestMemory {
    static let physicalBase: UInt64 = 0x1_0000_0000

    let all: DMARegion
    private var used = 0

    init(byteCount: Int = 1 << 20) {
        let base = UnsafeMutableRawPointer.allocate(byteCount: byteCount, alignment: 4096)
        all = DMARegion(base: base, physicalAddress: Self.physicalBase, byteCount: byteCount)
        // A copy of an array of zeros is quick even where nothing is optimised.
        base.copyMemory(from: [UInt8](repeating: 0, count: byteCount), byteCount: byteCount)
    }

    deinit {
        all.base.deallocate()
    }

    /// As a device model sees it.
    var guest: ContiguousGuestMemory { ContiguousGuestMemory(all) }

    func allocate(_ byteCount: Int, alignment: Int = 64) -> DMARegion {
        let start = alignUp(used, to: alignment)
        used = start + byteCount
        return all.part(at: start, byteCount: byteCount)
    }

    func allocate(_ requirement: DMARequirement) -> DMARegion {
        allocate(requirement.byteCount, alignment: requirement.alignment)
    }
}

extension DMARegion {
    var bytes: [UInt8] {
        get { withBytes(at: 0, byteCount: byteCount) { span in (0..<span.count).map { span[$0] } } }
        nonmutating set {
            precondition(newValue.count <= byteCount)
            for (offset, byte) in newValue.enumerated() {
                store(byte, at: offset)
            }
        }
    }
}
