import MonotonicTime

/// Payloads waiting for their instant: a binary heap, earliest first; equal deadlines leave in the order they came.
public struct TimerQueue<Payload> {
    private struct Timer {
        var deadline: Instant
        var order: UInt64
        var payload: Payload

        func comesBefore(_ other: Timer) -> Bool {
            deadline != other.deadline ? deadline < other.deadline : order < other.order
        }
    }

    private var heap: [Timer] = []
    private var nextOrder: UInt64 = 0

    public init() {}

    public var isEmpty: Bool { heap.isEmpty }
    public var count: Int { heap.count }

    /// The earliest deadline; `distantFuture` when nothing waits.
    public var nextDeadline: Instant { heap.first?.deadline ?? .distantFuture }

    public mutating func insert(_ payload: Payload, at deadline: Instant) {
        heap.append(Timer(deadline: deadline, order: nextOrder, payload: payload))
        nextOrder += 1
        siftUp(from: heap.count - 1)
    }

    /// The next payload whose deadline has come; nil when none has.
    public mutating func popExpired(now: Instant) -> Payload? {
        guard let first = heap.first, first.deadline <= now else { return nil }
        heap.swapAt(0, heap.count - 1)
        let timer = heap.removeLast()
        siftDown()
        return timer.payload
    }

    private mutating func siftUp(from start: Int) {
        var child = start
        while child > 0 {
            let parent = (child - 1) / 2
            guard heap[child].comesBefore(heap[parent]) else { return }
            heap.swapAt(child, parent)
            child = parent
        }
    }

    private mutating func siftDown() {
        var parent = 0
        while true {
            var earliest = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count {
                if heap[child].comesBefore(heap[earliest]) { earliest = child }
            }
            guard earliest != parent else { return }
            heap.swapAt(parent, earliest)
            parent = earliest
        }
    }
}
