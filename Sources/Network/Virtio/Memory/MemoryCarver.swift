/// Cuts a driver's memory into the parts it is made of, each on a cache line of its own.
struct MemoryCarver {
    static let alignment = VirtqueueLayout.cacheLineByteCount

    private var rest: DMARegion

    init(_ memory: DMARegion) {
        rest = memory
    }

    mutating func carve(_ requirement: DMARequirement) -> DMARegion {
        precondition(requirement.alignment <= Self.alignment)
        return carve(byteCount: requirement.byteCount)
    }

    mutating func carve(byteCount: Int) -> DMARegion {
        let part = rest.part(at: 0, byteCount: byteCount)
        let taken = min(alignUp(byteCount, to: Self.alignment), rest.byteCount)
        rest = rest.part(at: taken, byteCount: rest.byteCount - taken)
        return part
    }

    /// The memory from which parts of these sizes can be carved.
    static func requirement(for parts: [Int]) -> DMARequirement {
        var total = 0
        for part in parts {
            total += alignUp(part, to: alignment)
        }
        return DMARequirement(byteCount: total, alignment: alignment)
    }
}
