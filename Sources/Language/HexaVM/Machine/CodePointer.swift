/// Where the interpreter stands in the code of all functions.
///
/// SAFETY: a pointer stays within the code that `Machine.load` laid out, for the module was verified: every jump of a
/// function ends within it, and its last instruction goes nowhere else.
struct CodePointer: BitwiseCopyable, Equatable {
    let address: UnsafeMutablePointer<UInt64>

    @inline(__always)
    init(_ address: UnsafeMutablePointer<UInt64>) { self.address = address }

    /// The instruction.
    @inline(__always) var instruction: UInt64 {
        get { address.pointee }
        nonmutating set { address.pointee = newValue }
    }

    @inline(__always)
    static func + (pointer: CodePointer, distance: Int) -> CodePointer { CodePointer(pointer.address + distance) }

    @inline(__always)
    static func += (pointer: inout CodePointer, distance: Int) { pointer = pointer + distance }

    @inline(__always)
    static func -= (pointer: inout CodePointer, distance: Int) { pointer = CodePointer(pointer.address - distance) }

    @inline(__always)
    static func - (pointer: CodePointer, distance: Int) -> CodePointer { CodePointer(pointer.address - distance) }

    /// Instructions from `start` to `end`.
    @inline(__always)
    static func - (end: CodePointer, start: CodePointer) -> Int { end.address - start.address }

    static func allocate(capacity: Int) -> CodePointer { CodePointer(.allocate(capacity: capacity)) }

    func deallocate() { address.deallocate() }
}
