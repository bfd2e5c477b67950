/// The memory of one program: a list of objects, their buffers, and a quota that covers both.
final class Heap {
    // SAFETY: the list links objects that `allocate` made; a sweep takes each out before it frees it.

    /// Bytes that the program may hold.
    let quotaBytes: Int
    private(set) var allocatedBytes = 0
    /// Collect before the next allocating instruction once `allocatedBytes` passes this.
    private(set) var collectionThreshold: Int
    private var firstObject: UInt = 0
    /// Objects marked and not yet scanned.
    var pending: [Object] = []
    /// Values visited for the key in hand.
    var keyVisits = 0
    /// Keeps hash tables of different processes from colliding on the same keys.
    let hashSeed: UInt64

    private static let thresholdBytesMin = 4 << 20

    init(quotaBytes: Int, hashSeed: UInt64) {
        self.quotaBytes = quotaBytes
        self.hashSeed = hashSeed
        collectionThreshold = min(Self.thresholdBytesMin, quotaBytes / 2)
    }

    deinit {
        var next = firstObject
        while let address = UnsafeMutableRawPointer(bitPattern: next) {
            let object = Object(address: address)
            next = object.next
            release(object)
        }
    }

    @inline(__always) var needsCollection: Bool { allocatedBytes >= collectionThreshold }

    /// A new object with `payloadBytes` after its header, or nil beyond the quota. The payload is uninitialised: the
    /// caller writes all of it before the collector can run, which is between instructions only.
    @inline(__always)
    func allocate(_ tag: UInt64, payloadBytes: Int) -> Object? {
        let size = Object.headerBytes &+ payloadBytes
        guard size <= quotaBytes &- allocatedBytes else { return nil }
        allocatedBytes &+= size
        let object = Object(address: UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 16))
        object.next = firstObject
        object.address.storeBytes(of: tag & 0xFF, toByteOffset: 8, as: UInt64.self)
        object.address.storeBytes(of: 0, toByteOffset: 16, as: UInt64.self)
        firstObject = UInt(bitPattern: object.address)
        return object
    }

    /// Memory that an object owns beside itself, or nil beyond the quota.
    func allocateBuffer(bytes: Int) -> UnsafeMutableRawPointer? {
        guard bytes <= quotaBytes - allocatedBytes else { return nil }
        allocatedBytes += bytes
        return UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 16)
    }

    func freeBuffer(_ buffer: UnsafeMutableRawPointer?, bytes: Int) {
        guard let buffer else { return }
        allocatedBytes -= bytes
        buffer.deallocate()
    }

    /// Counts memory that the machine itself holds for the program, such as its stack; false beyond the quota.
    func reserve(bytes: Int) -> Bool {
        guard bytes <= quotaBytes - allocatedBytes else { return false }
        allocatedBytes += bytes
        return true
    }

    func unreserve(bytes: Int) { allocatedBytes -= bytes }

    /// Frees every object without a mark, clears the others' marks, and sets the next threshold.
    func sweep() {
        var kept: UInt = 0
        var next = firstObject
        while let address = UnsafeMutableRawPointer(bitPattern: next) {
            let object = Object(address: address)
            next = object.next
            if object.isMarked {
                object.isMarked = false
                object.next = kept
                kept = UInt(bitPattern: address)
            } else {
                release(object)
            }
        }
        firstObject = kept
        let twice = max(allocatedBytes * 2, Self.thresholdBytesMin)
        // Near the quota collect in smaller steps rather than fail with garbage still held, but not at every
        // allocation.
        collectionThreshold = min(twice, allocatedBytes + max((quotaBytes - allocatedBytes) / 2, quotaBytes / 32))
    }

    private func release(_ object: Object) {
        allocatedBytes -= Object.headerBytes + object.payloadBytes
        switch UInt64(object.kind) {
        case Tag.array: freeBuffer(object.elements?.address, bytes: object.elementCapacity * 16)
        case Tag.map: freeMapBuffers(object)
        case Tag.channel: freeBuffer(object.elements?.address, bytes: object.elementCapacity * 16)
        default: break
        }
        object.address.deallocate()
    }
}

extension Object {
    /// Bytes after the header, as they were allocated.
    var payloadBytes: Int {
        switch UInt64(kind) {
        case Tag.string: count
        case Tag.array, Tag.channel: Self.arrayPayloadBytes
        case Tag.map: Self.mapPayloadBytes
        default: count * 16
        }
    }
}
