import HexaBytecode

/// Arithmetic: two ints or two floats inline, everything else in `...Slow`. Each returns false with an error raised.
extension Machine {
    @inline(__always)
    func add(
        _ target: ValueWindow, _ l: Value, _ r: Value,
        _ pc: CodePointer
    ) -> Bool {
        if l.isInt, r.isInt {
            let (sum, overflow) = l.asInt.addingReportingOverflow(r.asInt)
            if !overflow {
                target.first = .int(sum)
                return true
            }
        } else if l.isFloat, r.isFloat {
            target.first = .float(l.asFloat + r.asFloat)
            return true
        }
        self.pc = pc
        return addSlow(target, l, r)
    }

    @inline(__always)
    func subtract(
        _ target: ValueWindow, _ l: Value, _ r: Value,
        _ pc: CodePointer
    ) -> Bool {
        if l.isInt, r.isInt {
            let (difference, overflow) = l.asInt.subtractingReportingOverflow(r.asInt)
            if !overflow {
                target.first = .int(difference)
                return true
            }
        } else if l.isFloat, r.isFloat {
            target.first = .float(l.asFloat - r.asFloat)
            return true
        }
        self.pc = pc
        return subtractSlow(target, l, r)
    }

    @inline(__always)
    func multiply(
        _ target: ValueWindow, _ l: Value, _ r: Value,
        _ pc: CodePointer
    ) -> Bool {
        if l.isInt, r.isInt {
            let (product, overflow) = l.asInt.multipliedReportingOverflow(by: r.asInt)
            if !overflow {
                target.first = .int(product)
                return true
            }
        } else if l.isFloat, r.isFloat {
            target.first = .float(l.asFloat * r.asFloat)
            return true
        }
        self.pc = pc
        return numeric(target, l, r, "*") { $0 * $1 }
    }

    @inline(__always)
    func divide(
        _ target: ValueWindow, _ l: Value, _ r: Value,
        _ pc: CodePointer
    ) -> Bool {
        if l.isFloat, r.isFloat {
            target.first = .float(l.asFloat / r.asFloat)
            return true
        }
        if l.isInt, r.isInt, r.asInt > 0 {
            target.first = .int(l.asInt / r.asInt)
            return true
        }
        self.pc = pc
        return divideSlow(target, l, r)
    }

    @inline(__always)
    func remainder(
        _ target: ValueWindow, _ l: Value, _ r: Value,
        _ pc: CodePointer
    ) -> Bool {
        if l.isInt, r.isInt, r.asInt > 0 {
            target.first = .int(l.asInt % r.asInt)
            return true
        }
        self.pc = pc
        return remainderSlow(target, l, r)
    }

    private func addSlow(_ target: ValueWindow, _ l: Value, _ r: Value) -> Bool {
        switch (l.tag, r.tag) {
        case (Tag.string, Tag.string):
            collectIfNeeded()
            charge(l.object.count >> 6)
            guard let joined = heap.concatenate(l.object, r.object) else {
                return stringOrMemory(l.object.count + r.object.count)
            }
            target.first = .object(Tag.string, joined)
            return true
        case (Tag.string, Tag.char), (Tag.char, Tag.string):
            collectIfNeeded()
            guard let joined = heap.newString(text(of: l) + text(of: r)) else { return outOfMemory() }
            target.first = .object(Tag.string, joined)
            return true
        case (Tag.array, Tag.array): return joinArrays(target, l.object, r.object)
        case (Tag.char, Tag.int), (Tag.int, Tag.char):
            let (sum, overflow) = Int(l.bits & 0xFFFF_FFFF).addingReportingOverflow(
                l.tag == Tag.char
                    ? r.asInt : Int(r.bits))
            return character(target, overflow || l.tag == Tag.int && l.asInt != Int(l.bits & 0xFFFF_FFFF) ? -1 : sum)
        case (Tag.string, _), (_, Tag.string):
            return fail(.type, "cannot add \(article(l)) and \(article(r)): convert with to_string")
        default: return numeric(target, l, r, "+") { $0 + $1 }
        }
    }

    /// Arithmetic on characters must give a character.
    private func character(_ target: ValueWindow, _ code: Int) -> Bool {
        guard let scalar = UInt32(exactly: code), Unicode.Scalar(scalar) != nil else {
            return fail(.overflow, "the result is not a character")
        }
        target.first = .char(scalar)
        return true
    }

    private func subtractSlow(_ target: ValueWindow, _ l: Value, _ r: Value) -> Bool {
        switch (l.tag, r.tag) {
        case (Tag.char, Tag.char):
            target.first = .int(Int(l.bits) - Int(r.bits))
            return true
        case (Tag.char, Tag.int):
            let (difference, overflow) = Int(l.bits).subtractingReportingOverflow(r.asInt)
            return character(target, overflow ? -1 : difference)
        default: return numeric(target, l, r, "-") { $0 - $1 }
        }
    }

    /// Mixed int and float; two ints come here only when the result overflowed.
    private func numeric(
        _ target: ValueWindow, _ l: Value, _ r: Value, _ symbol: StaticString,
        _ operation: (Double, Double) -> Double
    ) -> Bool {
        if l.isInt, r.isInt { return overflow(l, symbol, r) }
        guard let a = l.number, let b = r.number else {
            return fail(.type, "\(symbol) does not work on \(article(l)) and \(article(r))")
        }
        target.first = .float(operation(a, b))
        return true
    }

    private func overflow(_ l: Value, _ symbol: StaticString, _ r: Value) -> Bool {
        fail(.overflow, "\(l.asInt) \(symbol) \(r.asInt) does not fit an int")
    }

    private func divideSlow(_ target: ValueWindow, _ l: Value, _ r: Value) -> Bool {
        guard l.isInt, r.isInt else { return numeric(target, l, r, "/") { $0 / $1 } }
        guard r.asInt != 0 else { return fail(.divisionByZero, "\(l.asInt) / 0") }
        let (quotient, didOverflow) = l.asInt.dividedReportingOverflow(by: r.asInt)
        if didOverflow { return overflow(l, "/", r) }
        target.first = .int(quotient)
        return true
    }

    private func remainderSlow(_ target: ValueWindow, _ l: Value, _ r: Value) -> Bool {
        guard l.isInt, r.isInt else {
            return numeric(target, l, r, "%") { Mathematics.remainder($0, $1) }
        }
        guard r.asInt != 0 else { return fail(.divisionByZero, "\(l.asInt) % 0") }
        target.first = .int(r.asInt == -1 ? 0 : l.asInt % r.asInt)
        return true
    }

    func power(_ target: ValueWindow, _ l: Value, _ r: Value) -> Bool {
        guard l.isInt, r.isInt, r.asInt >= 0 else { return numeric(target, l, r) }
        var result = 1, square = l.asInt, exponent = r.asInt
        while exponent > 0 {
            if exponent & 1 == 1 {
                let (product, didOverflow) = result.multipliedReportingOverflow(by: square)
                if didOverflow { return overflow(l, "**", r) }
                result = product
            }
            exponent >>= 1
            if exponent > 0 {
                let (product, didOverflow) = square.multipliedReportingOverflow(by: square)
                if didOverflow { return overflow(l, "**", r) }
                square = product
            }
        }
        target.first = .int(result)
        return true
    }

    /// A power with a float, or with a negative exponent, is a float.
    private func numeric(_ target: ValueWindow, _ l: Value, _ r: Value) -> Bool {
        guard let a = l.number, let b = r.number else {
            return fail(.type, "** does not work on \(article(l)) and \(article(r))")
        }
        target.first = .float(Mathematics.power(a, b))
        return true
    }

    func negate(_ target: ValueWindow, _ value: Value) -> Bool {
        if value.isFloat {
            target.first = .float(-value.asFloat)
            return true
        }
        guard value.isInt else { return fail(.type, "- does not work on \(article(value))") }
        guard value.asInt != Int.min else { return fail(.overflow, "-(\(value.asInt)) does not fit an int") }
        target.first = .int(-value.asInt)
        return true
    }

    func complement(_ target: ValueWindow, _ value: Value) -> Bool {
        guard value.isInt else { return fail(.type, "~ does not work on \(article(value))") }
        target.first = .int(~value.asInt)
        return true
    }

    func bitwise(_ opcode: Opcode, _ target: ValueWindow, _ l: Value, _ r: Value) -> Bool {
        if l.tag == Tag.bool, r.tag == Tag.bool, opcode != .shiftLeft, opcode != .shiftRight {
            let result = opcode == .bitAnd ? l.bits & r.bits : opcode == .bitOr ? l.bits | r.bits : l.bits ^ r.bits
            target.first = .bool(result != 0)
            return true
        }
        guard l.isInt, r.isInt else {
            return fail(.type, "bit operations work on ints, not on \(article(l)) and \(article(r))")
        }
        let a = l.asInt, b = r.asInt
        switch opcode {
        case .bitAnd: target.first = .int(a & b)
        case .bitOr: target.first = .int(a | b)
        case .bitXor: target.first = .int(a ^ b)
        default:
            guard 0...63 ~= b else { return fail(.value, "a shift by \(b) is outside 0...63") }
            target.first = .int(opcode == .shiftLeft ? a << b : a >> b)
        }
        return true
    }
}
