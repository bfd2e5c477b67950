/// A queue of bytes with a fixed capacity whose storage grows on demand: an idle connection costs no memory.
///
/// Bytes may also be *staged* beyond the end, where reassembly keeps segments that arrived early, and be *committed*
/// once the gap before them has closed.
struct RingBuffer: Sendable {
    /// The most bytes the buffer may hold, staged ones included.
    let capacity: Int
    private(set) var count = 0
    private var head = 0
    private var storage: [UInt8] = []

    init(capacity: Int) { self.capacity = capacity }

    var isEmpty: Bool { count == 0 }
    /// How many more bytes fit.
    var room: Int { capacity - count }

    /// Appends as many bytes as fit and returns how many that were.
    mutating func append(_ bytes: RawSpan) -> Int {
        let accepted = min(bytes.byteCount, room)
        guard accepted > 0 else { return 0 }
        stage(bytes.extracting(first: accepted), at: 0)
        commit(accepted)
        return accepted
    }

    /// Writes `bytes` so that they start `distance` bytes behind the last byte. They must fit the capacity.
    mutating func stage(_ bytes: RawSpan, at distance: Int) {
        let end = count + distance + bytes.byteCount
        precondition(distance >= 0 && end <= capacity, "staged bytes exceed the buffer's capacity")
        grow(toHold: end)
        let start = position(count + distance)
        let untilWrap = min(bytes.byteCount, storage.count - start)
        overwrite(at: start, with: bytes.extracting(first: untilWrap))
        overwrite(at: 0, with: bytes.extracting(droppingFirst: untilWrap))
    }

    /// Makes `byteCount` staged bytes part of the contents.
    mutating func commit(_ byteCount: Int) {
        precondition(byteCount >= 0 && count + byteCount <= storage.count)
        count += byteCount
    }

    /// Copies `byteCount` bytes that start at `offset` to `targetOffset` in `target`.
    func copy(from offset: Int, count byteCount: Int, into target: inout MutableRawSpan, at targetOffset: Int) {
        precondition(offset >= 0 && byteCount >= 0 && byteCount <= count - offset)
        guard byteCount > 0 else { return }
        let start = position(offset)
        let untilWrap = min(byteCount, storage.count - start)
        let bytes = storage.span.bytes
        target.copy(bytes.extracting(start..<start + untilWrap), at: targetOffset)
        target.copy(bytes.extracting(0..<byteCount - untilWrap), at: targetOffset + untilWrap)
    }

    mutating func removeFirst(_ byteCount: Int) {
        precondition(byteCount >= 0 && byteCount <= count)
        guard byteCount > 0 else { return }
        head = position(byteCount)
        count -= byteCount
    }

    /// Moves up to `maximum` bytes to the end of `target` and returns how many.
    mutating func move(to target: inout [UInt8], maximum: Int) -> Int {
        let moved = min(count, max(0, maximum))
        guard moved > 0 else { return 0 }
        let untilWrap = min(moved, storage.count - head)
        target.append(contentsOf: storage[head..<head + untilWrap])
        target.append(contentsOf: storage[0..<moved - untilWrap])
        removeFirst(moved)
        return moved
    }

    /// Forgets the contents and gives the memory back.
    mutating func release() {
        storage = []
        head = 0
        count = 0
    }

    private func position(_ offset: Int) -> Int {
        let index = head + offset
        return index >= storage.count ? index - storage.count : index
    }

    private mutating func overwrite(at offset: Int, with bytes: RawSpan) {
        guard bytes.byteCount > 0 else { return }
        var span = storage.mutableSpan
        var target = span.mutableBytes
        target.copy(bytes, at: offset)
    }

    /// Doubles the storage until `byteCount` bytes fit. Staged bytes keep their place behind the contents.
    private mutating func grow(toHold byteCount: Int) {
        guard byteCount > storage.count else { return }
        var size = max(Limits.ringStorageByteCountMin, storage.count)
        while size < byteCount { size *= 2 }
        var grown = [UInt8]()
        grown.reserveCapacity(min(size, capacity))
        grown.append(contentsOf: storage[head...])
        grown.append(contentsOf: storage[..<head])
        grown.append(contentsOf: repeatElement(0, count: min(size, capacity) - storage.count))
        storage = grown
        head = 0
    }
}
