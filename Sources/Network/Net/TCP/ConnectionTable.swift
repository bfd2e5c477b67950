/// What names a connection on this host: the peer's address and port and the local port, in one word.
struct FlowKey: Hashable, Sendable {
    let bits: UInt64

    init(remoteAddress: IPv4Address, remotePort: UInt16, localPort: UInt16) {
        bits = UInt64(remoteAddress.bits) << 32 | UInt64(remotePort) << 16 | UInt64(localPort)
    }
}

/// Finds a connection's slot by its flow: a hash table with linear probing, at most half full, allocated once.
///
/// The hash is keyed, so peers cannot choose flows that collide.
struct ConnectionTable: Sendable {
    private static var free: Int32 { -1 }
    private let secret: NetworkSecret
    private var keys: [FlowKey]
    private var slots: [Int32]

    init(capacity: Int, secret: NetworkSecret) {
        var size = 8
        while size < capacity * 2 { size *= 2 }
        self.secret = secret
        keys = Array(repeating: FlowKey(remoteAddress: .unspecified, remotePort: 0, localPort: 0), count: size)
        slots = Array(repeating: Self.free, count: size)
    }

    private var mask: Int { slots.count - 1 }

    func slot(of key: FlowKey) -> Int? {
        let index = position(of: key)
        return slots[index] == Self.free ? nil : Int(slots[index])
    }

    /// Enters `slot` for `key`. The caller never enters more flows than `capacity`.
    mutating func insert(_ key: FlowKey, slot: Int) {
        let index = position(of: key)
        keys[index] = key
        slots[index] = Int32(slot)
    }

    /// Removes `key` and closes the gap, so that no probe sequence breaks.
    mutating func remove(_ key: FlowKey) {
        var gap = position(of: key)
        guard slots[gap] != Self.free else { return }
        var index = (gap + 1) & mask
        while slots[index] != Self.free {
            let home = home(of: keys[index])
            // The entry may move into the gap unless its home lies cyclically behind the gap.
            if (index - home) & mask >= (index - gap) & mask {
                keys[gap] = keys[index]
                slots[gap] = slots[index]
                gap = index
            }
            index = (index + 1) & mask
        }
        slots[gap] = Self.free
    }

    private func home(of key: FlowKey) -> Int {
        Int(truncatingIfNeeded: SipHash.hash(key.bits, key: secret)) & mask
    }

    /// Where `key` is, or the free place where it belongs.
    private func position(of key: FlowKey) -> Int {
        var index = home(of: key)
        while slots[index] != Self.free, keys[index] != key { index = (index + 1) & mask }
        return index
    }
}
