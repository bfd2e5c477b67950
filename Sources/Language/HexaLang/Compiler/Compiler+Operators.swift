import HexaBytecode

extension Compiler {
    func compileUnary(
        _ operation: UnaryOperator, _ operand: Expression, to target: Int,
        _ range: SourceRange
    ) -> StaticType {
        builder.temporarily {
            let (register, type) = self.operand(operand)
            switch operation {
            case .negate:
                if ![.any, .int, .float, .never].contains(type) {
                    report("- does not work on \(text(of: type))", at: range)
                }
                builder.emit(.negate, a: target, b: register, range)
                return type == .int || type == .float ? type : .any
            case .not:
                requireBool(type, operand.range)
                builder.emit(.not, a: target, b: register, range)
                return .bool
            case .complement:
                if ![.any, .int, .never].contains(type) { report("~ does not work on \(text(of: type))", at: range) }
                builder.emit(.complement, a: target, b: register, range)
                return .int
            }
        }
    }

    func requireBool(_ type: StaticType, _ range: SourceRange) {
        guard type != .bool, type != .any, type != .never else { return }
        report("expected bool, got \(text(of: type))", at: range)
    }

    func compileBinary(
        _ operation: BinaryOperator, _ left: Expression, _ right: Expression, to target: Int, _ range: SourceRange
    ) -> StaticType {
        builder.temporarily {
            let (a, leftType) = stableOperand(left, before: right)
            if let type = compileWithConstant(operation, a, leftType, right, to: target, range) { return type }
            let (b, rightType) = operand(right)
            let type = resultType(operation, leftType, rightType, range)
            switch operation {
            case .greater: builder.emit(.less, a: target, b: b, c: a, range)
            case .greaterEqual: builder.emit(.lessEqual, a: target, b: b, c: a, range)
            default: builder.emit(opcode(operation), a: target, b: a, c: b, range)
            }
            return type
        }
    }

    /// The right operand is a number in the source: no register for it. nil when it is not.
    private func compileWithConstant(
        _ operation: BinaryOperator, _ a: Int, _ leftType: StaticType, _ right: Expression, to target: Int,
        _ range: SourceRange
    ) -> StaticType? {
        let constant: BytecodeModule.Constant
        let rightType: StaticType
        switch right.kind {
        case .int(let value):
            constant = .int(value)
            rightType = .int
            let addend = operation == .add ? value : operation == .subtract && value != Int64.min ? -value : nil
            if let addend, let small = Int32(exactly: addend) {
                let type = resultType(operation, leftType, .int, range)
                // An error names the operation as written; only a sum with a positive number is sure to be one.
                builder.emit(.addInt, a: target, b: a, d: Int(small), range)
                return type
            }
        case .float(let value):
            constant = .float(bits: value.bitPattern)
            rightType = .float
        default: return nil
        }
        let opcode: Opcode
        switch operation {
        case .add: opcode = .addConstant
        case .subtract: opcode = .subtractConstant
        case .multiply: opcode = .multiplyConstant
        case .divide: opcode = .divideConstant
        case .remainder: opcode = .remainderConstant
        default: return nil
        }
        let type = resultType(operation, leftType, rightType, range)
        builder.emit(opcode, a: target, b: a, d: modules.constant(constant), range)
        return type
    }

    private func opcode(_ operation: BinaryOperator) -> Opcode {
        switch operation {
        case .add: .add
        case .subtract: .subtract
        case .multiply: .multiply
        case .divide: .divide
        case .remainder: .remainder
        case .power: .power
        case .equal: .equal
        case .notEqual: .notEqual
        case .less, .greater: .less
        case .lessEqual, .greaterEqual: .lessEqual
        case .bitOr: .bitOr
        case .bitXor: .bitXor
        case .bitAnd: .bitAnd
        case .shiftLeft: .shiftLeft
        case .shiftRight: .shiftRight
        }
    }

    /// What the operation gives, and an error when it cannot work on these types.
    func resultType(_ operation: BinaryOperator, _ a: StaticType, _ b: StaticType, _ range: SourceRange) -> StaticType {
        switch operation {
        case .equal, .notEqual, .less, .lessEqual, .greater, .greaterEqual: return .bool
        default: break
        }
        if a == .never || b == .never { return .never }
        if a == .any || b == .any { return .any }
        switch (operation, a, b) {
        case (.add, .string, .string), (.add, .string, .char), (.add, .char, .string): return .string
        case (.add, .array(let x), .array(let y)): return .array(x == y ? x : .any)
        case (.add, .char, .int), (.add, .int, .char), (.subtract, .char, .int): return .char
        case (.subtract, .char, .char): return .int
        case (.power, .int, .int): return .any
        case (.bitAnd, .bool, .bool), (.bitOr, .bool, .bool), (.bitXor, .bool, .bool): return .bool
        case (_, .int, .int): return .int
        case (.add, .float, .float), (.add, .int, .float), (.add, .float, .int),
            (.subtract, .float, .float), (.subtract, .int, .float), (.subtract, .float, .int),
            (.multiply, .float, .float), (.multiply, .int, .float), (.multiply, .float, .int),
            (.divide, .float, .float), (.divide, .int, .float), (.divide, .float, .int),
            (.remainder, .float, .float), (.remainder, .int, .float), (.remainder, .float, .int),
            (.power, .float, .float), (.power, .int, .float), (.power, .float, .int):
            return .float
        default: break
        }
        if case .trait = a { return .any }
        if case .trait = b { return .any }
        let isText = operation == .add && (a == .string || b == .string)
        report(
            "\(operation.symbol) does not work on \(text(of: a)) and \(text(of: b))", at: range,
            hint: isText ? "convert with to_string" : nil)
        return .any
    }

    /// `&&` and `||` as a value.
    func compileLogical(_ expression: Expression, to target: Int) -> StaticType {
        builder.temporarily {
            // Not into `target` itself: the operands may read the variable that it is.
            let result = builder.allocate()
            let isFalse = jump(unless: expression)
            builder.emit(.loadBool, a: result, b: 1, expression.range)
            let end = builder.emit(.jump, expression.range)
            builder.patch(isFalse, to: builder.here)
            builder.emit(.loadBool, a: result, b: 0, expression.range)
            builder.patch(end, to: builder.here)
            builder.emit(.move, a: target, b: result, expression.range)
            return .bool
        }
    }

    // MARK: Conditions

    /// Code that jumps when the condition is false; the jumps wait for their target.
    func jump(unless condition: Expression) -> [Int] { jump(condition, when: false) }

    func jump(if condition: Expression) -> [Int] { jump(condition, when: true) }

    private func jump(_ condition: Expression, when sense: Bool) -> [Int] {
        switch condition.kind {
        case .unary(.not, let operand): return jump(operand, when: !sense)
        case .and(let left, let right):
            if !sense { return jump(left, when: false) + jump(right, when: false) }
            let skips = jump(left, when: false)
            let jumps = jump(right, when: true)
            builder.patch(skips, to: builder.here)
            return jumps
        case .or(let left, let right):
            if sense { return jump(left, when: true) + jump(right, when: true) }
            let skips = jump(left, when: true)
            let jumps = jump(right, when: false)
            builder.patch(skips, to: builder.here)
            return jumps
        case .binary(let operation, let left, let right):
            if let jump = compare(operation, left, right, when: sense, condition.range) { return [jump] }
        case .bool(let value): return value == sense ? [builder.emit(.jump, condition.range)] : []
        default: break
        }
        return builder.temporarily {
            let (register, type) = operand(condition)
            requireBool(type, condition.range)
            return [builder.emit(sense ? .jumpIf : .jumpUnless, a: register, condition.range)]
        }
    }

    /// A comparison and its jump in one instruction; nil when the operation does not compare.
    private func compare(
        _ operation: BinaryOperator, _ left: Expression, _ right: Expression, when sense: Bool, _ range: SourceRange
    ) -> Int? {
        guard let opcodes = comparison(operation) else { return nil }
        return builder.temporarily {
            let (a, leftType) = stableOperand(left, before: right)
            _ = leftType
            if case .int(let value) = right.kind, let small = Int16(exactly: value) {
                let opcode = sense ? opcodes.int : opcodes.notInt
                return builder.emit(Instruction(opcode, a: a, immediate: Int(small), d: 0), range)
            }
            let b = operand(right).register
            let opcode = sense ? opcodes.register : opcodes.notRegister
            return opcodes.isSwapped ? builder.emit(opcode, a: b, b: a, range) : builder.emit(opcode, a: a, b: b, range)
        }
    }

    private struct Comparison {
        var register: Opcode, notRegister: Opcode, int: Opcode, notInt: Opcode
        var isSwapped = false
    }

    private func comparison(_ operation: BinaryOperator) -> Comparison? {
        switch operation {
        case .equal:
            Comparison(register: .jumpEqual, notRegister: .jumpNotEqual, int: .jumpEqualInt, notInt: .jumpNotEqualInt)
        case .notEqual:
            Comparison(register: .jumpNotEqual, notRegister: .jumpEqual, int: .jumpNotEqualInt, notInt: .jumpEqualInt)
        case .less:
            Comparison(register: .jumpLess, notRegister: .jumpNotLess, int: .jumpLessInt, notInt: .jumpNotLessInt)
        case .lessEqual:
            Comparison(
                register: .jumpLessEqual, notRegister: .jumpNotLessEqual, int: .jumpLessEqualInt,
                notInt: .jumpNotLessEqualInt)
        case .greater:
            Comparison(
                register: .jumpLess, notRegister: .jumpNotLess, int: .jumpGreaterInt, notInt: .jumpNotGreaterInt,
                isSwapped: true)
        case .greaterEqual:
            Comparison(
                register: .jumpLessEqual, notRegister: .jumpNotLessEqual, int: .jumpGreaterEqualInt,
                notInt: .jumpNotGreaterEqualInt, isSwapped: true)
        default: nil
        }
    }
}
