import HexaBytecode

/// Which function a method name means for a class of receivers: open addressing, built once per module.
struct MethodTable {
    private struct Slot: BitwiseCopyable {
        var key: UInt64
        var function: Int32
    }

    private let slots: UnsafeMutablePointer<Slot>
    private let mask: Int

    init(_ module: BytecodeModule) {
        var size = 16
        while size < module.functions.count * 2 { size *= 2 }
        slots = .allocate(capacity: size)
        mask = size - 1
        slots.initialize(repeating: Slot(key: .max, function: -1), count: size)
        for (index, function) in module.functions.enumerated() {
            guard let method = function.method else { continue }
            let key = Self.key(method.receiver.index, method.name)
            var slot = Self.start(key) & mask
            while slots[slot].key != .max, slots[slot].key != key { slot = (slot + 1) & mask }
            slots[slot] = Slot(key: key, function: Int32(index))
        }
    }

    /// SAFETY: called once, by the machine that owns the table.
    func deallocate() { slots.deallocate() }

    /// Function index, or -1.
    @inline(__always)
    func function(receiver: Int, name: Int) -> Int {
        let key = Self.key(receiver, name)
        var slot = Self.start(key) & mask
        while true {
            let candidate = slots[slot]
            if candidate.key == key { return Int(candidate.function) }
            if candidate.key == .max { return -1 }
            slot = (slot &+ 1) & mask
        }
    }

    @inline(__always)
    private static func key(_ receiver: Int, _ name: Int) -> UInt64 {
        UInt64(truncatingIfNeeded: receiver) << 32 | UInt64(truncatingIfNeeded: name)
    }

    @inline(__always)
    private static func start(_ key: UInt64) -> Int { Int(truncatingIfNeeded: (key &* 0x9E37_79B9_7F4A_7C15) >> 40) }
}
