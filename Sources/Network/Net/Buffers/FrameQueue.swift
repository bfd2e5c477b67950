/// A bounded first-in first-out queue of small frames in storage that is allocated once.
///
/// It holds what the stack says on its own account: ARP, ICMP, DHCP and TCP resets. When it is full, new frames are
/// refused: all of these may get lost on any link.
struct FrameQueue: Sendable {
    /// Where a queued frame must be sent.
    enum Destination: Equatable, Sendable {
        /// The Ethernet header is complete.
        case complete
        /// The Ethernet destination follows from the link-layer address of this neighbor.
        case neighbor(IPv4Address)
    }

    private struct Entry {
        var destination: Destination
        var byteCount: Int
    }

    let capacity: Int
    /// The longest frame the queue accepts.
    let frameByteCountMax: Int
    private(set) var count = 0
    private var head = 0
    private var entries: [Entry]
    private var storage: [UInt8]

    init(capacity: Int, frameByteCountMax: Int) {
        self.capacity = capacity
        self.frameByteCountMax = frameByteCountMax
        entries = Array(repeating: Entry(destination: .complete, byteCount: 0), count: capacity)
        storage = Array(repeating: 0, count: capacity * frameByteCountMax)
    }

    /// The destination and length of the oldest frame.
    var first: (destination: Destination, byteCount: Int)? {
        count == 0 ? nil : (entries[head].destination, entries[head].byteCount)
    }

    /// Appends a frame of `byteCount` bytes that `compose` writes; false when there is no room for it.
    mutating func append(
        to destination: Destination, byteCount: Int,
        compose: (inout MutableRawSpan) -> Void
    ) -> Bool {
        guard count < capacity, byteCount <= frameByteCountMax else { return false }
        let index = (head + count) % capacity
        entries[index] = Entry(destination: destination, byteCount: byteCount)
        let start = index * frameByteCountMax
        var span = storage.mutableSpan
        var bytes = span.mutableBytes
        var frame = bytes._mutatingExtracting(start..<start + byteCount)
        compose(&frame)
        count += 1
        return true
    }

    /// Copies the oldest frame to the start of `target` and removes it.
    mutating func popFirst(into target: inout MutableRawSpan) {
        precondition(count > 0)
        target.copy(frame(at: head), at: 0)
        removeFirst()
    }

    mutating func removeFirst() {
        precondition(count > 0)
        head = (head + 1) % capacity
        count -= 1
    }

    /// Drops every frame for a neighbor that `isUnwanted`; the others keep their order. Returns how many were dropped.
    mutating func removeAll(where isUnwanted: (IPv4Address) -> Bool) -> Int {
        var kept = 0
        for position in 0..<count {
            let source = (head + position) % capacity
            if case .neighbor(let address) = entries[source].destination, isUnwanted(address) { continue }
            let target = (head + kept) % capacity
            kept += 1
            guard source != target else { continue }
            entries[target] = entries[source]
            for offset in 0..<entries[source].byteCount {
                storage[target * frameByteCountMax + offset] = storage[source * frameByteCountMax + offset]
            }
        }
        defer { count = kept }
        return count - kept
    }

    /// Moves the oldest frame of `source` to the end of this queue; it is lost, and the answer false, when there is no
    /// room.
    mutating func moveFirst(from source: inout FrameQueue) -> Bool {
        guard source.count > 0 else { return false }
        let isMoved = appendFirst(of: source)
        source.removeFirst()
        return isMoved
    }

    private mutating func appendFirst(of source: borrowing FrameQueue) -> Bool {
        let entry = source.entries[source.head]
        let bytes = source.frame(at: source.head)
        return append(to: entry.destination, byteCount: entry.byteCount) { $0.copy(bytes, at: 0) }
    }

    @_lifetime(borrow self)
    private func frame(at index: Int) -> RawSpan {
        let start = index * frameByteCountMax
        return storage.span.bytes.extracting(start..<start + entries[index].byteCount)
    }
}
