import HexaBytecode
import HexaVM

/// Compile-time evaluation: the expression and what it needs become a module of their own, which runs at once on a
/// machine without a driver.
extension Compiler {
    private static var depthMax: Int { 16 }

    func compileComptime(_ function: FunctionNode, to target: Int, _ range: SourceRange) -> StaticType {
        if isComptime { return compile(function.body, to: target) }
        return emit(evaluate(function, range), to: target, range)
    }

    func compileComptimeCall(_ call: Expression, to target: Int, _ range: SourceRange) -> StaticType {
        let body = Block([.expression(call, isDiscarded: false)], call.range)
        let function = FunctionNode(
            interner.intern("comptime"), range, number: program.functionCount, body: body,
            file: builder.file)
        program.functionCount += 1
        return emit(evaluate(function, range), to: target, range)
    }

    /// `comptime const X = e` and `comptime let`.
    func compileComptime(_ declaration: VariableDeclaration, _ binding: Binding) {
        guard let value = declaration.value else { return }
        let body = Block([.expression(value, isDiscarded: false)], value.range)
        let function = FunctionNode(
            binding.symbol, declaration.range, number: program.functionCount, body: body,
            file: builder.file)
        program.functionCount += 1
        let constant = evaluate(function, value.range)
        if let global = binding.global {
            global.comptimeValue = constant
            return
        }
        binding.register = builder.allocate()
        binding.type = emit(constant, to: binding.register, declaration.range)
        if binding.isCell { builder.emit(.newCell, a: binding.register, b: binding.register, declaration.range) }
    }

    private func evaluate(_ function: FunctionNode, _ range: SourceRange) -> ConstantValue {
        guard !program.hasErrors else { return .void }
        guard comptimeDepth < Self.depthMax else {
            report("compile-time evaluations nest too deep", at: range)
            return .void
        }
        let compiler = Compiler(program, isComptime: true, depth: comptimeDepth + 1)
        compiler.modules.module.entry = compiler.index(of: function)
        compiler.drain()
        guard !program.hasErrors else { return .void }
        guard let verified = try? VerifiedModule(verifying: compiler.modules.module) else {
            report("this cannot be evaluated while compiling", at: range)
            return .void
        }
        var configuration = MachineConfiguration()
        configuration.heapBytesMax = program.comptimeHeapBytesMax
        let machine = Machine(verified, configuration: configuration)
        let outcome = program.comptimeFuel > 0 ? machine.run(fuel: program.comptimeFuel) : .yielded
        program.comptimeFuel = max(machine.fuelLeft, 0)
        switch outcome {
        case .finished:
            if let value = constant(machine.result) { return value }
            report("a value computed while compiling must consist of numbers, text, arrays, tuples and maps", at: range)
        case .failed(let failure):
            report("compile-time error: \(String(decoding: failure.message, as: UTF8.self))", at: range)
        case .yielded: report("this takes too long to be computed while compiling", at: range)
        default: report("this cannot be done while compiling: it asks for something outside the program", at: range)
        }
        return .void
    }

    private func constant(_ value: HostValue) -> ConstantValue? {
        switch value {
        case .void: return .void
        case .bool(let value): return .bool(value)
        case .int(let value): return .int(value)
        case .float(let value): return .float(value)
        case .char(let scalar): return .char(scalar)
        case .string(let bytes): return .string(bytes)
        case .array(let elements), .tuple(let elements):
            var constants: [ConstantValue] = []
            for element in elements {
                guard let constant = constant(element) else { return nil }
                constants.append(constant)
            }
            if case .array = value { return .array(constants) }
            return .tuple(constants)
        case .map(let pairs):
            var constants: [(key: ConstantValue, value: ConstantValue)] = []
            for pair in pairs {
                guard let key = constant(pair.key), let value = constant(pair.value) else { return nil }
                constants.append((key, value))
            }
            return .map(constants)
        case .handle: return nil
        }
    }

    /// The value as an expression, compiled like one that was written.
    func emit(_ value: ConstantValue, to target: Int, _ range: SourceRange) -> StaticType {
        compile(expression(value, range), to: target)
    }

    private func expression(_ value: ConstantValue, _ range: SourceRange) -> Expression {
        let kind: Expression.Kind =
            switch value {
            case .void: .void
            case .bool(let value): .bool(value)
            case .int(let value): .int(value)
            case .float(let value): .float(value)
            case .char(let scalar): .char(scalar)
            case .string(let bytes): .string(bytes)
            case .array(let elements): .array(elements.map { expression($0, range) })
            case .tuple(let elements): .tuple(elements.map { expression($0, range) })
            case .map(let pairs):
                .map(pairs.map { (key: expression($0.key, range), value: expression($0.value, range)) })
            }
        return Expression(kind, range)
    }

    /// `@memoize`: a function that looks its arguments up in a map before it calls the body.
    func memoizer(_ node: FunctionNode, method: BytecodeFunction.Method?) -> BytecodeFunction {
        let body = index(of: node, method: nil, isBody: true)
        builder = FunctionBuilder(node, name: name(node.symbol), file: modules.file(node.file.name))
        builder.function.parameterCount = node.parameters.count
        builder.function.method = method
        let count = node.parameters.count
        let range = node.range
        _ = builder.allocate(count)
        let map = builder.allocate(), key = builder.allocate()
        let window = builder.allocate(max(count, 2) + 1)
        let global = modules.newGlobal()
        builder.emit(.getGlobal, a: map, d: global, range)
        builder.emit(.loadVoid, a: key, range)
        let exists = builder.emit(.jumpNotEqual, a: map, b: key, range)
        builder.emit(.newMap, a: map, range)
        builder.emit(.setGlobal, a: map, d: global, range)
        builder.patch(exists, to: builder.here)
        builder.emit(.newTuple, a: key, b: 0, c: count, range)
        builder.emit(.move, a: window, b: map, range)
        builder.emit(.move, a: window + 1, b: key, range)
        builder.emit(.callMethod, a: window, b: 2, d: modules.name(Array("has".utf8)), range)
        let isNew = builder.emit(.jumpUnless, a: window, range)
        builder.emit(.getIndex, a: window, b: map, c: key, range)
        builder.emit(.returnValue, a: window, range)
        builder.patch(isNew, to: builder.here)
        for argument in 0..<count { builder.emit(.move, a: window + argument, b: argument, range) }
        builder.emit(.call, a: window, b: count, d: body, range)
        builder.emit(.setIndex, a: map, b: key, c: window, range)
        builder.emit(.returnValue, a: window, range)
        return finish()
    }
}
