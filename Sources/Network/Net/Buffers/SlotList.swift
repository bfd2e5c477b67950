/// A first-in first-out list of slot numbers, threaded through two arrays: every operation takes constant time, a slot
/// is in the list at most once, and nothing is allocated after `init`.
struct SlotList: Sendable {
    private static var none: Int32 { -1 }
    /// Marks a slot outside the list (a member's neighbor may be `none`).
    private static var absent: Int32 { -2 }

    private var next: [Int32]
    private var previous: [Int32]
    private var head = SlotList.none
    private var tail = SlotList.none
    private(set) var count = 0

    init(capacity: Int) {
        next = Array(repeating: Self.absent, count: capacity)
        previous = Array(repeating: Self.absent, count: capacity)
    }

    var isEmpty: Bool { count == 0 }
    var first: Int? { head == Self.none ? nil : Int(head) }

    func contains(_ slot: Int) -> Bool { next[slot] != Self.absent }

    /// Puts `slot` at the end unless it is in the list already.
    mutating func append(_ slot: Int) {
        guard !contains(slot) else { return }
        next[slot] = Self.none
        previous[slot] = tail
        if tail == Self.none { head = Int32(slot) } else { next[Int(tail)] = Int32(slot) }
        tail = Int32(slot)
        count += 1
    }

    mutating func popFirst() -> Int? {
        guard let slot = first else { return nil }
        remove(slot)
        return slot
    }

    /// Takes `slot` out, wherever it stands; does nothing when it is not in the list.
    mutating func remove(_ slot: Int) {
        guard contains(slot) else { return }
        let (before, after) = (previous[slot], next[slot])
        if before == Self.none { head = after } else { next[Int(before)] = after }
        if after == Self.none { tail = before } else { previous[Int(after)] = before }
        next[slot] = Self.absent
        previous[slot] = Self.absent
        count -= 1
    }
}
