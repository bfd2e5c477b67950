/// An entry of a map, in order of insertion. A removed entry keeps its place with the key `removed`.
struct MapEntry: BitwiseCopyable {
    var hash: UInt64
    var key: Value
    var value: Value
}

/// A map: dense entries in order of insertion, and an open-addressing index into them with linear probing.
extension Object {
    // SAFETY: the object is a map; its table and entries have the capacities that it records, and only `grow` replaces
    // them.

    static let mapPayloadBytes = 32

    @inline(__always) var entries: UnsafeMutablePointer<MapEntry>? {
        get { address.load(fromByteOffset: 24, as: UnsafeMutablePointer<MapEntry>?.self) }
        nonmutating set { address.storeBytes(of: newValue, toByteOffset: 24, as: UnsafeMutablePointer<MapEntry>?.self) }
    }
    /// Slots of the index: entry number plus one, or 0.
    @inline(__always) var slots: UnsafeMutablePointer<UInt32>? {
        get { address.load(fromByteOffset: 32, as: UnsafeMutablePointer<UInt32>?.self) }
        nonmutating set { address.storeBytes(of: newValue, toByteOffset: 32, as: UnsafeMutablePointer<UInt32>?.self) }
    }
    /// Entries used, removed ones included.
    @inline(__always) var entryCount: Int {
        get { Int(address.load(fromByteOffset: 40, as: UInt32.self)) }
        nonmutating set {
            address.storeBytes(of: UInt32(truncatingIfNeeded: newValue), toByteOffset: 40, as: UInt32.self)
        }
    }
    @inline(__always) var entryCapacity: Int {
        get { Int(address.load(fromByteOffset: 44, as: UInt32.self)) }
        nonmutating set {
            address.storeBytes(of: UInt32(truncatingIfNeeded: newValue), toByteOffset: 44, as: UInt32.self)
        }
    }
    /// log2 of the number of slots.
    @inline(__always) var slotBits: UInt64 {
        get { address.load(fromByteOffset: 48, as: UInt64.self) }
        nonmutating set { address.storeBytes(of: newValue, toByteOffset: 48, as: UInt64.self) }
    }
}

extension Heap {
    // SAFETY: the object is a map; its table and entries have the capacities that it records, and only `grow` replaces
    // them.

    func newMap() -> Object? {
        guard let map = allocate(Tag.map, payloadBytes: Object.mapPayloadBytes) else { return nil }
        map.entries = nil
        map.slots = nil
        map.entryCount = 0
        map.entryCapacity = 0
        map.slotBits = 0
        return map
    }

    func freeMapBuffers(_ map: Object) {
        freeBuffer(UnsafeMutableRawPointer(map.entries), bytes: map.entryCapacity * MemoryLayout<MapEntry>.stride)
        if map.slots != nil { freeBuffer(UnsafeMutableRawPointer(map.slots), bytes: 4 << Int(map.slotBits)) }
    }

    func markMap(_ map: Object) {
        guard let entries = map.entries else { return }
        for index in 0..<map.entryCount {
            mark(entries[index].key)
            mark(entries[index].value)
        }
    }

    /// Hash of a key; nil when the value cannot be one. Equal values have equal hashes: an integral float hashes as
    /// int.
    @inline(__always)
    func hash(_ key: Value) -> UInt64? {
        if key.isInt { return mix(key.bits) }
        if key.tag == Tag.string { return hash(string: key.object) }
        keyVisits = 0
        return hashSlow(key)
    }

    @inline(__always)
    private func mix(_ bits: UInt64) -> UInt64 {
        let product = (bits ^ hashSeed).multipliedFullWidth(by: 0x9E37_79B9_7F4A_7C15)
        return product.high ^ product.low
    }

    /// `depth` bounds the native stack: a key nested deeper is no key.
    private func hashSlow(_ key: Value, depth: Int = 0) -> UInt64? {
        switch key.tag {
        case Tag.int: return mix(key.bits)
        case Tag.string: return hash(string: key.object)
        case Tag.bool, Tag.char, Tag.unitVariant, Tag.void: return mix(key.bits &+ key.tag << 56)
        case Tag.float:
            let value = key.asFloat
            if let int = Int(exactly: value) { return mix(UInt64(bitPattern: Int64(int))) }
            return mix(value.bitPattern)
        case Tag.tuple, Tag.variant, Tag.structure:
            guard key.tag != Tag.structure, depth < MachineLimits.nestingMax,
                keyVisits < MachineLimits.visitedValuesMax
            else { return nil }
            keyVisits += key.object.count
            let object = key.object
            var hash = mix(UInt64(object.extra) << 32 | UInt64(object.detail))
            for index in 0..<object.count {
                guard let element = hashSlow(object.values[index], depth: depth + 1) else { return nil }
                hash = mix(hash &+ element)
            }
            return hash
        default: return nil
        }
    }

    @inline(__always)
    private func hash(string: Object) -> UInt64 {
        if string.detail != 0 { return UInt64(string.detail) &* 0x9E37_79B9_7F4A_7C15 }
        return hashUncached(string: string)
    }

    private func hashUncached(string: Object) -> UInt64 {
        let raw = UnsafeRawPointer(string.bytes)
        let count = string.count
        var hash = mix(UInt64(count))
        var index = 0
        while index + 8 <= count {
            hash = mix(hash ^ raw.loadUnaligned(fromByteOffset: index, as: UInt64.self))
            index += 8
        }
        var rest: UInt64 = 0
        while index < count {
            rest = rest << 8 | UInt64(string.bytes[index])
            index += 1
        }
        hash = mix(hash ^ rest)
        string.detail = UInt32(truncatingIfNeeded: hash >> 32) | 1
        return UInt64(string.detail) &* 0x9E37_79B9_7F4A_7C15
    }

    @inline(__always)
    private func sameKey(_ left: Value, _ right: Value) -> Bool {
        if left.tag == right.tag {
            if left.bits == right.bits { return left.tag != Tag.float || !left.asFloat.isNaN }
            if left.tag == Tag.string { return left.object.equalsString(right.object) }
            if left.tag == Tag.int { return false }
        }
        return sameKeySlow(left, right)
    }

    private func sameKeySlow(_ left: Value, _ right: Value) -> Bool {
        if let a = left.number, let b = right.number { return a == b }
        guard left.tag == right.tag, left.isObject, left.tag == Tag.tuple || left.tag == Tag.variant else {
            return false
        }
        let a = left.object, b = right.object
        guard a.count == b.count, a.detail == b.detail, a.extra == b.extra,
            keyVisits < 2 * MachineLimits.visitedValuesMax
        else { return false }
        keyVisits += a.count
        for index in 0..<a.count where !sameKey(a.values[index], b.values[index]) { return false }
        return true
    }

    /// The entry of a key, or nil.
    @inline(__always)
    func find(_ key: Value, hash: UInt64, in map: Object) -> UnsafeMutablePointer<MapEntry>? {
        guard let slots = map.slots, let entries = map.entries else { return nil }
        let mask = (1 << Int(map.slotBits)) &- 1
        var slot = Int(truncatingIfNeeded: hash >> (64 &- map.slotBits))
        while true {
            let number = Int(slots[slot])
            if number == 0 { return nil }
            let entry = entries + (number &- 1)
            if entry.pointee.hash == hash, sameKey(entry.pointee.key, key) { return entry }
            slot = (slot &+ 1) & mask
        }
    }

    /// Sets a key; false beyond the quota, with the map unchanged.
    func set(_ key: Value, hash: UInt64, to value: Value, in map: Object) -> Bool {
        if let entry = find(key, hash: hash, in: map) {
            entry.pointee.value = value
            return true
        }
        if map.entryCount == map.entryCapacity, !rebuild(map) { return false }
        let number = map.entryCount
        map.entries.unsafelyUnwrapped[number] = MapEntry(hash: hash, key: key, value: value)
        map.entryCount = number + 1
        map.count += 1
        place(number, hash: hash, in: map)
        return true
    }

    private func place(_ number: Int, hash: UInt64, in map: Object) {
        let slots = map.slots.unsafelyUnwrapped
        let mask = (1 << Int(map.slotBits)) - 1
        var slot = Int(truncatingIfNeeded: hash >> (64 - map.slotBits))
        while slots[slot] != 0 { slot = (slot + 1) & mask }
        slots[slot] = UInt32(number + 1)
    }

    /// Drops removed entries and makes room: at least half of the new capacity is free, and slots are twice the
    /// entries.
    private func rebuild(_ map: Object) -> Bool {
        var bits: UInt64 = 4
        while (1 << bits) < map.count * 4 { bits += 1 }
        let capacity = 1 << Int(bits - 1)
        guard bits <= MachineLimits.mapSlotBitsMax else { return false }
        let entryBytes = capacity * MemoryLayout<MapEntry>.stride
        guard let entryBuffer = allocateBuffer(bytes: entryBytes) else { return false }
        guard let slotBuffer = allocateBuffer(bytes: 4 << Int(bits)) else {
            freeBuffer(entryBuffer, bytes: entryBytes)
            return false
        }
        let entries = entryBuffer.assumingMemoryBound(to: MapEntry.self)
        let slots = slotBuffer.assumingMemoryBound(to: UInt32.self)
        slots.update(repeating: 0, count: 1 << Int(bits))
        var kept = 0
        if let old = map.entries {
            for index in 0..<map.entryCount where old[index].key.tag != Tag.removed {
                entries[kept] = old[index]
                kept += 1
            }
        }
        freeMapBuffers(map)
        map.entries = entries
        map.slots = slots
        map.entryCapacity = capacity
        map.entryCount = kept
        map.slotBits = bits
        for number in 0..<kept { place(number, hash: entries[number].hash, in: map) }
        return true
    }

    /// Removes a key; its value, or nil when it was not there.
    func remove(_ key: Value, hash: UInt64, from map: Object) -> Value? {
        guard let entry = find(key, hash: hash, in: map) else { return nil }
        let value = entry.pointee.value
        // The slot stays: probing goes over it, and the next rebuild drops the entry.
        entry.pointee.key = .removed
        entry.pointee.value = .void
        map.count -= 1
        return value
    }
}
