/// Equal buffers cut from one region, handed out and taken back by number. Nothing is allocated after `init`.
struct BufferPool {
    let count: Int
    let bufferByteCount: Int
    private let memory: DMARegion
    private var free: [UInt32]

    /// Carves the buffers from a driver's memory and clears them, so that they tell the device nothing.
    ///
    /// - Parameter isClearing: false where the buffers were such a pool's before, and the device knows what is in them.
    init(count: Int, bufferByteCount: Int, from carver: inout MemoryCarver, isClearing: Bool = true) {
        self.count = count
        self.bufferByteCount = bufferByteCount
        memory = carver.carve(byteCount: count * bufferByteCount)
        if isClearing { memory.clear() }
        free = []
        free.reserveCapacity(count)
        for number in stride(from: count - 1, through: 0, by: -1) {
            free.append(UInt32(number))
        }
    }

    var freeCount: Int { free.count }

    subscript(number: UInt32) -> DMARegion {
        memory.part(at: Int(number) * bufferByteCount, byteCount: bufferByteCount)
    }

    /// A free buffer, or nil.
    mutating func take() -> UInt32? {
        free.popLast()
    }

    mutating func giveBack(_ number: UInt32) {
        assert(free.count < count)
        free.append(number)
    }
}
