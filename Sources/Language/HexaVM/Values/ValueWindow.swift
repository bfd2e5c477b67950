/// Values side by side in memory: the registers of a call, what an aggregate holds, globals or constants.
///
/// SAFETY: a window is an address among values that their owner (a task's stack, a heap object or its buffer, the
/// machine) keeps until the next instruction that can move or free them; all of them are initialised. It knows no end:
/// registers, constants and globals that an instruction names exist because the module was verified, elements because
/// the code at hand compared an index with the object's count.
struct ValueWindow: BitwiseCopyable, Equatable {
    let address: UnsafeMutablePointer<Value>

    @inline(__always)
    init(_ address: UnsafeMutablePointer<Value>) { self.address = address }

    /// Of memory for values, whose contents the caller writes before anything reads them.
    @inline(__always)
    init(_ address: UnsafeMutableRawPointer) { self.address = address.assumingMemoryBound(to: Value.self) }

    @inline(__always)
    subscript(index: Int) -> Value {
        get { address[index] }
        nonmutating set { address[index] = newValue }
    }

    /// The value at index 0.
    @inline(__always) var first: Value {
        get { address.pointee }
        nonmutating set { address.pointee = newValue }
    }

    @inline(__always)
    static func + (window: ValueWindow, distance: Int) -> ValueWindow { ValueWindow(window.address + distance) }

    /// How many values lie between two windows of the same memory.
    @inline(__always)
    static func - (end: ValueWindow, start: ValueWindow) -> Int { end.address - start.address }

    @inline(__always)
    static func > (left: ValueWindow, right: ValueWindow) -> Bool { left.address > right.address }
}

extension ValueWindow {
    /// Copies values, from memory that may overlap this.
    func update(from source: ValueWindow, count: Int) { address.update(from: source.address, count: count) }

    func update(repeating value: Value, count: Int) { address.update(repeating: value, count: count) }

    /// Memory of its own for values, all `.void`; for `deallocate` to give back.
    static func allocate(capacity: Int) -> ValueWindow {
        // SAFETY: all of the new memory is written before the window is anyone's.
        let address = UnsafeMutablePointer<Value>.allocate(capacity: capacity)
        address.initialize(repeating: .void, count: capacity)
        return ValueWindow(address)
    }

    func deallocate() { address.deallocate() }
}
