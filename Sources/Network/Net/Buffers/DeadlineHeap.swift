import MonotonicTime

/// The next deadline of each slot, as a binary heap: the earliest is read in constant time and changed in O(log n).
struct DeadlineHeap: Sendable {
    private static var absent: Int32 { -1 }
    /// Slots in heap order.
    private var heap: [Int32] = []
    /// Where in `heap` a slot stands.
    private var positions: [Int32]
    private var deadlines: [Instant]

    init(capacity: Int) {
        positions = Array(repeating: Self.absent, count: capacity)
        deadlines = Array(repeating: .distantFuture, count: capacity)
        heap.reserveCapacity(capacity)
    }

    /// The earliest deadline, and `distantFuture` when there is none.
    var earliest: Instant { heap.isEmpty ? .distantFuture : deadlines[Int(heap[0])] }

    /// The slot with the earliest deadline when that is not later than `now`.
    func firstExpired(at now: Instant) -> Int? {
        guard let slot = heap.first, deadlines[Int(slot)] <= now else { return nil }
        return Int(slot)
    }

    /// Sets the deadline of `slot`; `distantFuture` removes it.
    mutating func update(_ slot: Int, to deadline: Instant) {
        let position = positions[slot]
        guard position != Self.absent || deadline != .distantFuture else { return }
        if deadline == .distantFuture { return remove(slot, at: Int(position)) }
        let previous = deadlines[slot]
        deadlines[slot] = deadline
        if position == Self.absent {
            positions[slot] = Int32(heap.count)
            heap.append(Int32(slot))
            siftUp(from: heap.count - 1)
        } else if deadline < previous {
            siftUp(from: Int(position))
        } else {
            siftDown(from: Int(position))
        }
    }

    private mutating func remove(_ slot: Int, at position: Int) {
        let last = Int(heap.removeLast())
        positions[slot] = Self.absent
        guard last != slot else { return }
        place(last, at: position)
        siftUp(from: position)
        siftDown(from: Int(positions[last]))
    }

    private mutating func place(_ slot: Int, at position: Int) {
        heap[position] = Int32(slot)
        positions[slot] = Int32(position)
    }

    private mutating func siftUp(from start: Int) {
        let slot = Int(heap[start])
        var position = start
        while position > 0 {
            let parent = (position - 1) / 2
            guard deadlines[slot] < deadlines[Int(heap[parent])] else { break }
            place(Int(heap[parent]), at: position)
            position = parent
        }
        place(slot, at: position)
    }

    private mutating func siftDown(from start: Int) {
        let slot = Int(heap[start])
        var position = start
        while true {
            var child = 2 * position + 1
            guard child < heap.count else { break }
            if child + 1 < heap.count, deadlines[Int(heap[child + 1])] < deadlines[Int(heap[child])] { child += 1 }
            guard deadlines[Int(heap[child])] < deadlines[slot] else { break }
            place(Int(heap[child]), at: position)
            position = child
        }
        place(slot, at: position)
    }
}
