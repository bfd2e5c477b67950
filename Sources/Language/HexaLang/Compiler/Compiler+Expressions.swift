import HexaBytecode

extension Compiler {
    /// Code that puts the value of an expression into `target`, or only has its effects; returns what is known of its
    /// type.
    @discardableResult
    func compile(_ expression: Expression, to target: Int?) -> StaticType {
        guard let target else {
            if Self.worksWithoutTarget(expression) { return compile(expression, into: nil) }
            return builder.temporarily { compile(expression, into: builder.allocate()) }
        }
        return compile(expression, into: target)
    }

    private static func worksWithoutTarget(_ expression: Expression) -> Bool {
        switch expression.kind {
        case .block, .ifElse, .match, .tryCatch, .whileLoop, .loop, .forLoop, .breakLoop, .continueLoop, .returnValue,
            .throwValue, .assert, .assign, .spawn, .select:
            true
        default: false
        }
    }

    private func compile(_ expression: Expression, into target: Int?) -> StaticType {
        if let target, let type = compileSimple(expression, target) { return type }
        let range = expression.range
        switch expression.kind {
        case .block(let block): return compile(block, to: target)
        case .ifElse(let condition, let then, let otherwise):
            return compileIf(condition, then, otherwise, target, range)
        case .match(let subject, let arms): return compileMatch(subject, arms, target, range)
        case .tryCatch(let body, let binding, let handler): return compileTry(body, binding, handler, target, range)
        case .whileLoop(let condition, let body): return compileWhile(condition, body, target, range)
        case .loop(let body): return compileLoop(body, target, range)
        case .forLoop(let pattern, let sequence, let body): return compileFor(pattern, sequence, body, target, range)
        case .breakLoop, .continueLoop:
            guard !builder.loops.isEmpty else { return .never }
            let jump = builder.emit(.jump, range)
            if case .breakLoop = expression.kind {
                builder.loops[builder.loops.count - 1].breaks.append(jump)
            } else {
                builder.loops[builder.loops.count - 1].continues.append(jump)
            }
            return .never
        case .returnValue(let value): return compileReturn(value, range)
        case .throwValue(let value):
            builder.temporarily { _ = builder.emit(.throwValue, a: operand(value).register, range) }
            return .never
        case .assert(let condition, let message): return compileAssert(condition, message, target, range)
        case .assign(let place, let operation, let value):
            compileAssignment(place, operation, value, range)
            return void(target, range)
        case .spawn(let function):
            builder.temporarily {
                let closure = builder.allocate()
                compileClosure(function, to: closure, range)
                builder.emit(.spawn, a: closure, range)
            }
            return void(target, range)
        case .select(let arms): return compileSelect(arms, target, range)
        default: return .any
        }
    }

    func void(_ target: Int?, _ range: SourceRange) -> StaticType {
        if let target { builder.emit(.loadVoid, a: target, range) }
        return .void
    }

    /// A register that holds the value: a variable's own, or a new one.
    func operand(_ expression: Expression) -> (register: Int, type: StaticType) {
        if case .name(let reference) = expression.kind, let local = localRegister(reference) { return local }
        let register = builder.allocate()
        return (register, compile(expression, to: register))
    }

    /// Like `operand`, for a value that must outlive what `next` does.
    func stableOperand(_ expression: Expression, before next: Expression) -> (register: Int, type: StaticType) {
        if Self.canAssign(next) {
            let register = builder.allocate()
            return (register, compile(expression, to: register))
        }
        return operand(expression)
    }

    /// Whether evaluating the expression may assign a variable of this function.
    private static func canAssign(_ expression: Expression) -> Bool {
        switch expression.kind {
        case .int, .float, .string, .char, .bool, .void, .name, .path, .closure: false
        case .array(let elements), .tuple(let elements): elements.contains(where: canAssign)
        case .unary(_, let operand), .field(let operand, _), .element(let operand, _): canAssign(operand)
        case .binary(_, let left, let right), .and(let left, let right), .or(let left, let right),
            .index(let left, let right), .rangeOf(let left, let right, _), .fill(let left, let right):
            canAssign(left) || canAssign(right)
        case .call(let callee, let arguments): canAssign(callee) || arguments.contains(where: canAssign)
        case .method(let receiver, _, let arguments): canAssign(receiver) || arguments.contains(where: canAssign)
        default: true
        }
    }

    private func localRegister(_ reference: NameReference) -> (register: Int, type: StaticType)? {
        switch reference.resolution {
        case .local(let binding) where !binding.isCell && isOurs(binding): (binding.register, binding.type)
        case .global(let global)
        where global.binding.register >= 0 && builder.node.number == global.binding.owner
            && !global.isShared:
            (global.binding.register, global.type)
        default: nil
        }
    }

    private func isOurs(_ binding: Binding) -> Bool { binding.owner == builder.node.number && binding.register >= 0 }

    // MARK: Values without control flow

    /// nil when the expression is not one of these.
    private func compileSimple(_ expression: Expression, _ target: Int) -> StaticType? {
        let range = expression.range
        switch expression.kind {
        case .int(let value):
            if let small = Int32(exactly: value) {
                builder.emit(.loadInt, a: target, d: Int(small), range)
            } else {
                builder.emit(.loadConstant, a: target, d: modules.constant(.int(value)), range)
            }
            return .int
        case .float(let value):
            builder.emit(.loadConstant, a: target, d: modules.constant(.float(bits: value.bitPattern)), range)
            return .float
        case .string(let bytes):
            guard bytes.count <= BytecodeLimits.stringBytesMax else {
                report("this string is longer than 1 MiB", at: range)
                return .string
            }
            builder.emit(.loadConstant, a: target, d: modules.constant(.string(bytes)), range)
            return .string
        case .char(let scalar):
            builder.emit(.loadConstant, a: target, d: modules.constant(.char(scalar)), range)
            return .char
        case .bool(let value):
            builder.emit(.loadBool, a: target, b: value ? 1 : 0, range)
            return .bool
        case .void: return void(target, range)
        case .name(let reference): return compileName(reference, to: target)
        case .path(let reference, let member): return compilePath(reference, member, to: target, range)
        case .unary(let operation, let operand): return compileUnary(operation, operand, to: target, range)
        case .binary(let operation, let left, let right):
            return compileBinary(operation, left, right, to: target, range)
        case .and, .or: return compileLogical(expression, to: target)
        case .closure(let function):
            compileClosure(function, to: target, range)
            return .function
        case .comptime(let function): return compileComptime(function, to: target, range)
        case .call(let callee, let arguments): return compileCall(callee, arguments, to: target, range)
        case .method(let receiver, let method, let arguments):
            return compileMethodCall(receiver, method, arguments, to: target, range)
        default: return compileAggregate(expression, target)
        }
    }

    private func compileName(_ reference: NameReference, to target: Int) -> StaticType {
        let range = reference.range
        switch reference.resolution {
        case .local(let binding):
            guard isOurs(binding) else {
                report("\(interner.text(binding.symbol)) is not known while compiling", at: range)
                return .any
            }
            if binding.isCell {
                builder.emit(.getCell, a: target, b: binding.register, range)
            } else if binding.register != target {
                builder.emit(.move, a: target, b: binding.register, range)
            }
            return binding.type
        case .capture(let binding, let index):
            builder.emit(.getCapture, a: target, d: index, range)
            if binding.isCell { builder.emit(.getCell, a: target, b: target, range) }
            return binding.type
        case .global(let global): return compileGlobal(global, to: target, range)
        case .function(let function):
            builder.emit(.loadFunction, a: target, d: index(of: function), range)
            return .function
        case .builtin(let builtin):
            builder.emit(.loadBuiltin, a: target, d: Int(builtin.rawValue), range)
            return .function
        case .number(let value):
            builder.emit(.loadConstant, a: target, d: modules.constant(.float(bits: value.bitPattern)), range)
            return .float
        case .kernelCall:
            report(
                "\(interner.text(reference.symbol)) can only be called", at: range,
                hint: "wrap it: |x| \(interner.text(reference.symbol))(x)")
            return .any
        case .type:
            report("\(interner.text(reference.symbol)) is a type, not a value", at: range)
            return .any
        case .unresolved: return .any
        }
    }

    private func compileGlobal(_ global: GlobalVariable, to target: Int, _ range: SourceRange) -> StaticType {
        if let value = global.comptimeValue { return emit(value, to: target, range) }
        if global.isConstant, let initializer = global.initializer {
            switch initializer.kind {
            case .int, .float, .string, .char, .bool: return compile(initializer, to: target)
            default: break
            }
            if isComptime { return compileConstant(global, initializer, to: target, range) }
        }
        if isComptime {
            report("\(interner.text(global.binding.symbol)) is not known while compiling", at: range)
            return .any
        }
        if global.binding.register >= 0, !global.isShared, builder.node.number == global.binding.owner {
            if global.binding.register != target { builder.emit(.move, a: target, b: global.binding.register, range) }
        } else {
            builder.emit(.getGlobal, a: target, d: index(of: global), range)
        }
        return global.type
    }

    /// A constant used while compiling is computed in place.
    private func compileConstant(
        _ global: GlobalVariable, _ initializer: Expression, to target: Int, _ range: SourceRange
    ) -> StaticType {
        guard !global.isBeingEvaluated else {
            report("\(interner.text(global.binding.symbol)) depends on itself", at: range)
            return .any
        }
        global.isBeingEvaluated = true
        defer { global.isBeingEvaluated = false }
        return compile(initializer, to: target)
    }

    /// A unit variant, or a function of a type as a value.
    private func compilePath(
        _ reference: NameReference, _ member: Symbol, to target: Int,
        _ range: SourceRange
    ) -> StaticType {
        guard case .type(let type) = reference.resolution else { return .any }
        if case .enumeration(let variants) = type.kind, let index = variants.firstIndex(where: { $0.name == member }) {
            guard variants[index].payload.isEmpty else {
                report(
                    "\(interner.text(member)) holds \(variants[index].payload.count) values", at: range,
                    hint: "write \(interner.text(type.symbol))::\(interner.text(member))(...)")
                return .any
            }
            builder.emit(.newVariant, a: target, b: target, c: index, d: type.index, range)
            return .nominal(type.index)
        }
        if let method = type.methods[member] {
            builder.emit(.loadFunction, a: target, d: index(of: method), range)
            return .function
        }
        reportMissing(member, of: type, range)
        return .any
    }

    func reportMissing(_ member: Symbol, of type: TypeDeclaration, _ range: SourceRange) {
        var names = type.methods.keys.map { interner.bytes($0) }
        if case .enumeration(let variants) = type.kind { names += variants.map { interner.bytes($0.name) } }
        names.sort { $0.lexicographicallyPrecedes($1) }
        report(
            "\(interner.text(type.symbol)) has no \(interner.text(member))", at: range,
            hint: NearestName.find(interner.bytes(member), among: names)
                .map { "did you mean \(String(decoding: $0, as: UTF8.self))?" })
    }

    func compileClosure(_ function: FunctionNode, to target: Int, _ range: SourceRange) {
        let captures = function.captures
        guard !captures.isEmpty else {
            builder.emit(.loadFunction, a: target, d: index(of: function), range)
            return
        }
        builder.temporarily {
            let first = builder.allocate(captures.count)
            for (offset, binding) in captures.enumerated() { load(captured: binding, to: first + offset, range) }
            builder.emit(.newClosure, a: target, b: first, d: index(of: function), range)
        }
    }

    /// The variable as a closure keeps it: its cell when it has one, else its value.
    private func load(captured binding: Binding, to register: Int, _ range: SourceRange) {
        if binding.owner == builder.node.number {
            builder.emit(.move, a: register, b: max(binding.register, 0), range)
        } else if let index = builder.node.captures.firstIndex(where: { $0 === binding }) {
            builder.emit(.getCapture, a: register, d: index, range)
        } else {
            report("\(interner.text(binding.symbol)) is not known while compiling", at: range)
        }
    }

    // MARK: Aggregates

    private func compileAggregate(_ expression: Expression, _ target: Int) -> StaticType? {
        let range = expression.range
        switch expression.kind {
        case .array(let elements): return compileArray(elements, to: target, range)
        case .fill(let value, let count):
            return builder.temporarily {
                let (valueRegister, type) = stableOperand(value, before: count)
                let countRegister = operand(count).register
                builder.emit(.fillArray, a: target, b: valueRegister, c: countRegister, range)
                return .array(type)
            }
        case .tuple(let elements): return compileTuple(elements, to: target, range)
        case .map(let pairs): return compileMap(pairs, to: target, range)
        case .structure(let reference, let fields): return compileStruct(reference, fields, to: target, range)
        case .field(let receiver, let field):
            builder.temporarily {
                let (register, type) = operand(receiver)
                builder.emit(.getField, a: target, b: register, c: hint(field, type, range), d: name(field), range)
            }
            return .any
        case .element(let receiver, let index):
            return builder.temporarily {
                let (register, type) = operand(receiver)
                builder.emit(.getElement, a: target, b: register, c: index, range)
                if case .tuple(let elements) = type, index < elements.count { return elements[index] }
                return .any
            }
        case .index(let container, let index):
            return builder.temporarily {
                let (register, type) = stableOperand(container, before: index)
                let (indexRegister, indexType) = operand(index)
                builder.emit(.getIndex, a: target, b: register, c: indexRegister, range)
                if type == .string { return indexType == .int ? .char : .any }
                return .any
            }
        case .rangeOf(let lower, let upper, let isClosed):
            builder.temporarily {
                let first = stableOperand(lower, before: upper).register
                builder.emit(.newRange, a: target, b: first, c: operand(upper).register, d: isClosed ? 1 : 0, range)
            }
            return .rangeOf
        default: return nil
        }
    }

    private func compileArray(_ elements: [Expression], to target: Int, _ range: SourceRange) -> StaticType {
        // In pieces: a long literal does not fit the registers.
        let piece = 32
        var type: StaticType? = nil
        builder.temporarily {
            let array = elements.count > piece ? builder.allocate() : target
            for start in stride(from: 0, to: max(elements.count, 1), by: piece) {
                builder.temporarily {
                    let count = min(piece, elements.count - start)
                    let first = count > 0 ? builder.nextRegister : 0
                    for element in elements[start..<start + max(count, 0)] {
                        let elementType = compile(element, to: builder.allocate())
                        type = type.map { join($0, elementType) } ?? elementType
                    }
                    builder.emit(start == 0 ? .newArray : .appendArray, a: array, b: first, c: max(count, 0), range)
                }
            }
            if array != target { builder.emit(.move, a: target, b: array, range) }
        }
        return .array(type ?? .any)
    }

    private func compileTuple(_ elements: [Expression], to target: Int, _ range: SourceRange) -> StaticType {
        builder.temporarily {
            let first = builder.nextRegister
            let types = elements.map { compile($0, to: builder.allocate()) }
            builder.emit(.newTuple, a: target, b: first, c: elements.count, range)
            return .tuple(types)
        }
    }

    private func compileMap(
        _ pairs: [(key: Expression, value: Expression)], to target: Int,
        _ range: SourceRange
    ) -> StaticType {
        builder.temporarily {
            let map = builder.allocate()
            builder.emit(.newMap, a: map, range)
            for pair in pairs {
                builder.temporarily {
                    let key = stableOperand(pair.key, before: pair.value).register
                    let value = operand(pair.value).register
                    builder.emit(.setIndex, a: map, b: key, c: value, pair.key.range)
                }
            }
            builder.emit(.move, a: target, b: map, range)
        }
        return .map
    }

    private func compileStruct(
        _ reference: NameReference, _ values: [FieldValue], to target: Int, _ range: SourceRange
    ) -> StaticType {
        guard case .type(let type) = reference.resolution else { return .any }
        guard case .structure(let fields) = type.kind else {
            report("\(interner.text(type.symbol)) is not a struct", at: reference.range)
            return .any
        }
        for field in fields where !values.contains(where: { $0.name == field.name }) {
            report("\(interner.text(type.symbol)) needs a value for \(interner.text(field.name))", at: reference.range)
        }
        builder.temporarily {
            let first = builder.allocate(max(fields.count, 1))
            var given: Set<Symbol> = []
            for value in values {
                guard let place = fields.firstIndex(where: { $0.name == value.name }) else {
                    let nearest = NearestName.find(
                        interner.bytes(value.name),
                        among: fields.map { interner.bytes($0.name) })
                    report(
                        "\(interner.text(type.symbol)) has no field \(interner.text(value.name))", at: value.range,
                        hint: nearest.map { "did you mean \(String(decoding: $0, as: UTF8.self))?" })
                    continue
                }
                if !given.insert(value.name).inserted {
                    report("\(interner.text(value.name)) is given twice", at: value.range)
                }
                let valueType = compile(value.value, to: first + place)
                if let annotation = fields[place].type {
                    check(first + place, valueType, against: annotation, isResult: false, value.value.range)
                }
            }
            builder.emit(.newStruct, a: target, b: first, d: type.index, range)
        }
        return .nominal(type.index)
    }

    /// Where the field is in the struct, where it is known.
    func hint(_ field: Symbol, _ type: StaticType, _ range: SourceRange) -> Int {
        if case .nominal(let index) = type, case .structure(let fields) = program.nominals[index].kind {
            if let place = fields.firstIndex(where: { $0.name == field }) { return place }
            let nearest = NearestName.find(interner.bytes(field), among: fields.map { interner.bytes($0.name) })
            report(
                "\(interner.text(program.nominals[index].symbol)) has no field \(interner.text(field))", at: range,
                hint: nearest.map { "did you mean \(String(decoding: $0, as: UTF8.self))?" })
        }
        return min(program.fieldHints[field] ?? 0, 255)
    }
}
