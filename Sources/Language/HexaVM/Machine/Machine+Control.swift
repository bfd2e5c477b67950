import HexaBytecode

extension Machine {
    /// Takes a jump and pays for it, forward or not: a hostile module may aim the exit of a loop backwards. False when
    /// the slice is used up; the jump is then done all the same.
    @inline(__always)
    func jump(_ distance: Int, _ pc: inout CodePointer, _ fuel: inout Int) -> Bool {
        pc += distance
        fuel &-= 1
        return fuel >= 0
    }

    func outOfFuel(_ pc: CodePointer, _ fuel: Int) -> Stop {
        self.pc = pc
        self.fuel = fuel
        return .outOfFuel
    }

    /// Charges fuel for work beyond that of an ordinary instruction: `units` of some tens of nanoseconds each.
    @inline(__always)
    func charge(_ units: Int) { debt &+= units }

    @inline(__always)
    func takeDebt() -> Int {
        let units = debt
        debt = 0
        return units
    }

    /// 1, 0, or -1 with an error raised.
    @inline(__always)
    func isTrue(_ value: Value, _ pc: CodePointer) -> Int {
        if value.tag == Tag.bool { return Int(value.bits) }
        self.pc = pc
        _ = wrongCondition(value)
        return -1
    }

    func wrongCondition(_ value: Value) -> Bool {
        fail(.type, "a condition must be a bool, this is \(article(value))")
    }

    @inline(__always)
    func capture(_ index: Int, of frame: UnsafeMutablePointer<Frame>) -> Value {
        // SAFETY: a function with captures is called through its closure only, which has all of them (verified).
        Object(address: UnsafeMutableRawPointer(bitPattern: frame.pointee.closure).unsafelyUnwrapped).values[index]
    }

    func newCell(_ target: ValueWindow, holding value: Value) -> Bool {
        collectIfNeeded()
        guard let cell = heap.newAggregate(Tag.cell, count: 1) else { return outOfMemory() }
        cell.values[0] = value
        target.first = .object(Tag.cell, cell)
        return true
    }

    func notACell() -> Bool { fail(.type, "the register holds no captured variable") }

    func newClosure(
        _ target: ValueWindow, captures: ValueWindow,
        function: Int
    ) -> Bool {
        collectIfNeeded()
        let count = Int(functions[function].captureCount)
        guard let closure = heap.newAggregate(Tag.closure, count: count) else { return outOfMemory() }
        closure.detail = UInt32(function)
        for index in 0..<count { closure.values[index] = captures[index] }
        target.first = .object(Tag.closure, closure)
        return true
    }

    func article(_ value: Value) -> String {
        let name = typeName(value)
        switch name.utf8.first {
        case UInt8(ascii: "a"), UInt8(ascii: "e"), UInt8(ascii: "i"), UInt8(ascii: "o"): return "an " + name
        default: return "a " + name
        }
    }
}
