extension Object {
    // SAFETY: the object is an array or a channel, whose payload these fields are.

    /// Arrays and channels: address of the elements, capacity, head (of a channel's ring).
    static let arrayPayloadBytes = 16

    @inline(__always) var elements: ValueWindow? {
        get { address.load(fromByteOffset: 24, as: ValueWindow?.self) }
        nonmutating set { address.storeBytes(of: newValue, toByteOffset: 24, as: ValueWindow?.self) }
    }
    @inline(__always) var elementCapacity: Int {
        get { Int(address.load(fromByteOffset: 32, as: UInt32.self)) }
        nonmutating set {
            address.storeBytes(of: UInt32(truncatingIfNeeded: newValue), toByteOffset: 32, as: UInt32.self)
        }
    }
    /// Index of the oldest element of a channel.
    @inline(__always) var head: Int {
        get { Int(address.load(fromByteOffset: 36, as: UInt32.self)) }
        nonmutating set {
            address.storeBytes(of: UInt32(truncatingIfNeeded: newValue), toByteOffset: 36, as: UInt32.self)
        }
    }
}

extension Heap {
    /// An array of `count` elements, uninitialised: the caller writes all of them at once.
    func newArray(count: Int) -> Object? {
        guard count <= MachineLimits.elementsMax,
            let array = allocate(Tag.array, payloadBytes: Object.arrayPayloadBytes)
        else { return nil }
        array.elements = nil
        array.elementCapacity = 0
        array.head = 0
        if count > 0 {
            guard let buffer = allocateBuffer(bytes: count * 16) else { return nil }
            array.elements = ValueWindow(buffer)
            array.elementCapacity = count
            array.count = count
        }
        return array
    }

    /// Room for one more element; false beyond the quota, with the array unchanged.
    func grow(_ array: Object) -> Bool {
        let capacity = array.elementCapacity
        let larger = capacity == 0 ? 4 : capacity * 2
        return setCapacity(array, larger)
    }

    func setCapacity(_ array: Object, _ larger: Int) -> Bool {
        guard larger <= MachineLimits.elementsMax, let buffer = allocateBuffer(bytes: larger * 16) else { return false }
        let values = ValueWindow(buffer)
        if let elements = array.elements {
            // A channel's ring is straightened; an array's head is 0.
            let untilEnd = min(array.count, array.elementCapacity - array.head)
            values.update(from: elements + array.head, count: untilEnd)
            (values + untilEnd).update(from: elements, count: array.count - untilEnd)
            freeBuffer(elements.address, bytes: array.elementCapacity * 16)
        }
        array.head = 0
        array.elements = values
        array.elementCapacity = larger
        return true
    }

    @inline(__always)
    func append(_ value: Value, to array: Object) -> Bool {
        let count = array.count
        if count == array.elementCapacity, !grow(array) { return false }
        array.elements.unsafelyUnwrapped[count] = value
        array.count = count &+ 1
        return true
    }

    /// Tuple, struct, variant, closure, cell, range or error with uninitialised values.
    @inline(__always)
    func newAggregate(_ tag: UInt64, count: Int) -> Object? {
        guard let object = allocate(tag, payloadBytes: count &* 16) else { return nil }
        object.count = count
        return object
    }

    func newChannel() -> Object? {
        guard let channel = allocate(Tag.channel, payloadBytes: Object.arrayPayloadBytes) else { return nil }
        channel.elements = nil
        channel.elementCapacity = 0
        channel.head = 0
        return channel
    }

    func markChannel(_ channel: Object) {
        guard let elements = channel.elements else { return }
        for index in 0..<channel.count { mark(elements[(channel.head + index) % channel.elementCapacity]) }
    }
}
