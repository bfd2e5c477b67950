import HexaBytecode

extension Compiler {
    func compileIf(
        _ condition: Expression, _ then: Block, _ otherwise: Expression?, _ target: Int?, _ range: SourceRange
    ) -> StaticType {
        let isFalse = jump(unless: condition)
        let thenType = compile(then, to: target)
        guard otherwise != nil || target != nil else {
            builder.patch(isFalse, to: builder.here)
            return .void
        }
        let end = thenType == .never ? nil : builder.emit(.jump, range)
        builder.patch(isFalse, to: builder.here)
        let otherwiseType = otherwise.map { compile($0, to: target) } ?? void(target, range)
        if let end { builder.patch(end, to: builder.here) }
        return join(thenType, otherwiseType)
    }

    func compileWhile(_ condition: Expression, _ body: Block, _ target: Int?, _ range: SourceRange) -> StaticType {
        let isFalse = jump(unless: condition)
        let start = builder.here
        builder.loops.append(.init())
        _ = compile(body, to: nil)
        let loop = builder.loops.removeLast()
        builder.patch(loop.continues, to: builder.here)
        // The condition once more: one jump a round instead of two.
        builder.patch(jump(if: condition), to: start)
        builder.patch(isFalse + loop.breaks, to: builder.here)
        return void(target, range)
    }

    func compileLoop(_ body: Block, _ target: Int?, _ range: SourceRange) -> StaticType {
        let start = builder.here
        builder.loops.append(.init())
        _ = compile(body, to: nil)
        let loop = builder.loops.removeLast()
        builder.patch(loop.continues, to: builder.here)
        builder.patch(builder.emit(.jump, range), to: start)
        builder.patch(loop.breaks, to: builder.here)
        return loop.breaks.isEmpty ? .never : void(target, range)
    }

    func compileFor(
        _ pattern: Pattern, _ sequence: Expression, _ body: Block, _ target: Int?, _ range: SourceRange
    ) -> StaticType {
        builder.temporarily {
            if case .rangeOf(let lower, let upper, let isClosed) = sequence.kind {
                compileRangeLoop(pattern, lower, upper, isClosed, body, range)
            } else if case .tuple(let elements) = pattern.kind, elements.count == 2 {
                compileIteration(pattern, elements, sequence, body, range)
            } else {
                compileIteration(pattern, [], sequence, body, range)
            }
        }
        return void(target, range)
    }

    private func compileRangeLoop(
        _ pattern: Pattern, _ lower: Expression, _ upper: Expression, _ isClosed: Bool, _ body: Block,
        _ range: SourceRange
    ) {
        let state = builder.allocate(3)
        let lowerType = compile(lower, to: state)
        let upperType = compile(upper, to: state + 1)
        guard lowerType != .char, upperType != .char else {
            // Characters go through a range value.
            builder.emit(.newRange, a: state, b: state, c: state + 1, d: isClosed ? 1 : 0, range)
            iterate(pattern, [], state, body, range)
            return
        }
        let empty = builder.emit(.rangePrepare, a: state, c: isClosed ? 1 : 0, range)
        let start = builder.here
        builder.temporarily { bindLoopVariable(pattern, state + 2, type: .int) { compileBody(body) } }
        let loop = builder.loops.removeLast()
        builder.patch(loop.continues, to: builder.here)
        builder.patch(builder.emit(.rangeNext, a: state, range), to: start)
        builder.patch([empty] + loop.breaks, to: builder.here)
    }

    private func compileIteration(
        _ pattern: Pattern, _ pair: [Pattern], _ sequence: Expression, _ body: Block, _ range: SourceRange
    ) {
        let state = builder.allocate(pair.isEmpty ? 3 : 4)
        let type = compile(sequence, to: state)
        switch type {
        case .int, .float, .bool, .char, .void, .function, .nominal, .channel:
            report(
                "\(text(of: type)) cannot be iterated over", at: sequence.range,
                hint: type == .int ? "write 0..n for the numbers below n" : nil)
        default: break
        }
        iterate(pattern, pair, state, body, sequence.range)
    }

    private func iterate(_ pattern: Pattern, _ pair: [Pattern], _ state: Int, _ body: Block, _ range: SourceRange) {
        builder.emit(.iteratePrepare, a: state, range)
        let start = builder.here
        let end = builder.emit(pair.isEmpty ? .iterateNext : .iterateNextPair, a: state, range)
        builder.temporarily {
            if pair.isEmpty {
                bindLoopVariable(pattern, state + 2, type: .any) { compileBody(body) }
            } else {
                bindLoopVariable(pair[0], state + 2, type: .any) {
                    bindLoopVariable(pair[1], state + 3, type: .any) { compileBody(body) }
                }
            }
        }
        let loop = builder.loops.removeLast()
        builder.patch(loop.continues, to: builder.here)
        builder.patch(builder.emit(.jump, range), to: start)
        builder.patch([end] + loop.breaks, to: builder.here)
    }

    private func bindLoopVariable(_ pattern: Pattern, _ register: Int, type: StaticType, _ body: () -> Void) {
        bind(pattern, from: register, type: type)
        body()
    }

    private func compileBody(_ body: Block) {
        builder.loops.append(.init())
        _ = compile(body, to: nil)
    }

    func compileReturn(_ value: Expression?, _ range: SourceRange) -> StaticType {
        guard let value else {
            if let annotation = builder.node.returnType, ![.void, .any].contains(staticType(of: annotation)) {
                report("expected \(text(of: staticType(of: annotation))) to return", at: range)
            }
            builder.emit(.returnVoid, range)
            return .never
        }
        builder.temporarily {
            let register: Int, type: StaticType
            if builder.node.returnType != nil {
                register = builder.allocate()
                type = compile(value, to: register)
            } else {
                (register, type) = operand(value)
            }
            if let annotation = builder.node.returnType {
                check(register, type, against: annotation, isResult: true, value.range)
            }
            builder.emit(.returnValue, a: register, range)
        }
        return .never
    }

    func compileAssert(
        _ condition: Expression, _ message: Expression?, _ target: Int?,
        _ range: SourceRange
    ) -> StaticType {
        let isTrue = jump(if: condition)
        builder.temporarily {
            let register = builder.allocate()
            if let message {
                compile(message, to: register)
            } else {
                let source = builder.file.bytes[
                    condition.range
                        .start..<min(
                            condition.range.end,
                            builder.file.bytes.count)]
                let text = Array("assertion failed: ".utf8) + source.prefix(200)
                let valid = Array(String(decoding: text, as: UTF8.self).utf8)
                builder.emit(.loadConstant, a: register, d: modules.constant(.string(valid)), range)
            }
            builder.emit(.throwAssertion, a: register, range)
        }
        builder.patch(isTrue, to: builder.here)
        return void(target, range)
    }

    func compileTry(
        _ body: Block, _ binding: Binding?, _ handler: Block, _ target: Int?, _ range: SourceRange
    ) -> StaticType {
        builder.temporarily {
            let error = builder.allocate()
            let start = builder.here
            let bodyType = compile(body, to: target)
            let bodyEnd = builder.here
            let end = bodyType == .never ? nil : builder.emit(.jump, range)
            builder.function.handlers.append(
                ExceptionHandler(start: start, end: bodyEnd, target: builder.here, register: error)
            )
            if let binding { bind(binding, from: error, type: .any, range) }
            let handlerType = compile(handler, to: target)
            // An empty handler needs an instruction to land on.
            if builder.here == builder.function.handlers.last?.target { _ = void(error, range) }
            if let end { builder.patch(end, to: builder.here) }
            return join(bodyType, handlerType)
        }
    }

    func compileSelect(_ arms: [SelectArm], _ target: Int?, _ range: SourceRange) -> StaticType {
        builder.temporarily {
            let channels = arms.filter { $0.channel != nil }
            let result = builder.allocate(2)
            let first = channels.isEmpty ? result : builder.nextRegister
            for arm in channels {
                if let channel = arm.channel { compile(channel, to: builder.allocate()) }
            }
            let hasDefault = channels.count < arms.count
            guard !channels.isEmpty || hasDefault else {
                report("select has no arm", at: range)
                return .any
            }
            builder.emit(.select, a: result, b: first, c: channels.count, d: hasDefault ? 1 : 0, range)
            var ends: [Int] = []
            var type = StaticType.never
            var number = 0
            for arm in arms {
                let place = arm.channel == nil ? -1 : number
                if arm.channel != nil { number += 1 }
                let skip = builder.emit(Instruction(.jumpNotEqualInt, a: result, immediate: place, d: 0), range)
                builder.temporarily {
                    if let binding = arm.binding { bind(binding, from: result + 1, type: .any, range) }
                    type = join(type, compile(arm.body, to: target))
                }
                ends.append(builder.emit(.jump, range))
                builder.patch(skip, to: builder.here)
            }
            builder.patch(ends, to: builder.here)
            return type == .never ? .any : type
        }
    }

    // MARK: Assignment

    func compileAssignment(
        _ place: Expression, _ operation: BinaryOperator?, _ value: Expression,
        _ range: SourceRange
    ) {
        builder.temporarily {
            switch place.kind {
            case .name(let reference): assign(reference, operation, value, range)
            case .field(let receiver, let field):
                let (object, type) = stableOperand(receiver, before: value)
                let hint = self.hint(field, type, place.range)
                let register = newValue(operation, value, range) { old in
                    builder.emit(.getField, a: old, b: object, c: hint, d: name(field), range)
                }
                checkField(field, of: type, register, value.range)
                builder.emit(.setField, a: object, b: register.register, c: hint, d: name(field), range)
            case .index(let container, let index):
                let object = stableOperand(container, before: value).register
                let key = stableOperand(index, before: value).register
                let register = newValue(operation, value, range) { old in
                    builder.emit(.getIndex, a: old, b: object, c: key, range)
                }
                builder.emit(.setIndex, a: object, b: key, c: register.register, range)
            default: report("this cannot be assigned to: tuples do not change", at: place.range)
            }
        }
    }

    private func checkField(
        _ field: Symbol, of type: StaticType, _ value: (register: Int, type: StaticType), _ range: SourceRange
    ) {
        guard case .nominal(let index) = type, case .structure(let fields) = program.nominals[index].kind,
            let annotation = fields.first(where: { $0.name == field })?.type
        else { return }
        check(value.register, value.type, against: annotation, isResult: false, range)
    }

    /// The value to store: as it is, or the old one combined with it.
    private func newValue(
        _ operation: BinaryOperator?, _ value: Expression, _ range: SourceRange, _ loadOld: (Int) -> Void
    ) -> (register: Int, type: StaticType) {
        guard let operation else {
            let register = builder.allocate()
            return (register, compile(value, to: register))
        }
        let old = builder.allocate()
        loadOld(old)
        let register = operand(value).register
        builder.emit(arithmetic(operation), a: old, b: old, c: register, range)
        return (old, .any)
    }

    private func arithmetic(_ operation: BinaryOperator) -> Opcode {
        switch operation {
        case .add: .add
        case .subtract: .subtract
        case .multiply: .multiply
        case .divide: .divide
        default: .remainder
        }
    }

    private func assign(
        _ reference: NameReference, _ operation: BinaryOperator?, _ value: Expression,
        _ range: SourceRange
    ) {
        // `x += e` is `x = x + e`.
        let value =
            operation.map {
                Expression(.binary($0, Expression(.name(reference), reference.range), value), range)
            } ?? value
        switch reference.resolution {
        case .local(let binding):
            guard binding.owner == builder.node.number else { return }
            if binding.isCell {
                let (register, type) = operand(value)
                checkVariable(binding, register, type, value.range)
                builder.emit(.setCell, a: binding.register, b: register, range)
            } else {
                store(value, to: binding.register) { self.checkVariable(binding, $0, $1, value.range) }
            }
        case .capture(let binding, let index):
            let (register, type) = operand(value)
            checkVariable(binding, register, type, value.range)
            let cell = builder.allocate()
            builder.emit(.getCapture, a: cell, d: index, range)
            builder.emit(.setCell, a: cell, b: register, range)
        case .global(let global):
            if global.binding.register >= 0, !global.isShared, builder.node.number == global.binding.owner {
                store(value, to: global.binding.register) { self.checkVariable(global.type, $0, $1, value.range) }
            } else {
                let (operandRegister, type) = operand(value)
                checkVariable(global.type, operandRegister, type, value.range)
                builder.emit(.setGlobal, a: operandRegister, d: index(of: global), range)
            }
        default: break
        }
    }

    private func checkVariable(_ binding: Binding, _ register: Int, _ type: StaticType, _ range: SourceRange) {
        checkVariable(binding.type, register, type, range)
    }

    private func checkVariable(_ wanted: StaticType, _ register: Int, _ type: StaticType, _ range: SourceRange) {
        check(register, type, against: wanted, isResult: false, range)
    }

    /// Puts the value into a variable's register: at once where the code writes it last, else by way of a temporary.
    private func store(_ value: Expression, to register: Int, _ check: (Int, StaticType) -> Void) {
        let writesLast =
            switch value.kind {
            case .int, .float, .string, .char, .bool, .void, .name, .unary, .binary, .index, .field, .element: true
            default: false
            }
        if writesLast {
            let isNew = assignedTargets.insert(register).inserted
            check(register, compile(value, to: register))
            if isNew { assignedTargets.remove(register) }
        } else {
            let temporary = builder.allocate()
            check(temporary, compile(value, to: temporary))
            builder.emit(.move, a: register, b: temporary, value.range)
        }
    }
}
