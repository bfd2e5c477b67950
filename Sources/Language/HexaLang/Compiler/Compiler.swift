import HexaBytecode

/// Compiles a resolved program. Functions are compiled when something refers to them, from a list of those that wait,
/// so that compile-time evaluation can compile just what it needs.
final class Compiler {
    let program: Program
    let modules: ModuleBuilder
    /// Compiling an expression that is evaluated at once: no run-time variables.
    let isComptime: Bool
    var builder: FunctionBuilder
    /// Index in the module of each function compiled or waiting.
    private var indices: [FunctionKey: Int] = [:]
    private var waiting: [(key: FunctionKey, node: FunctionNode, method: BytecodeFunction.Method?)] = []
    private var nominalsAdded = 0
    /// Variables being assigned: their registers hold values that the new value may depend on.
    var assignedTargets: Set<Int> = []
    /// Top-level variables that live in registers.
    var promotedGlobals = 0
    /// Compile-time evaluations under way, one inside the other.
    var comptimeDepth = 0

    /// Names that some value of the program can be called by: methods, and fields that may hold functions.
    lazy var methodNames: Set<Symbol> = {
        var names = Set(BuiltinMethod.allCases.map { interner.intern($0.nameBytes) })
        for type in program.nominals + program.traits + program.builtinTypes.values {
            names.formUnion(type.methods.keys)
            switch type.kind {
            case .structure(let fields): names.formUnion(fields.map { $0.name })
            case .trait(let required, let provided): names.formUnion(required + provided.map { $0.symbol })
            case .enumeration, .builtin: break
            }
        }
        return names
    }()

    /// A method that a trait provides is compiled once for each type.
    private struct FunctionKey: Hashable {
        var number: Int
        var receiver: Int
        /// The body of a memoized function, apart from its wrapper.
        var isBody = false
    }

    init(_ program: Program, isComptime: Bool = false, depth: Int = 0) {
        self.program = program
        self.isComptime = isComptime
        comptimeDepth = depth
        modules = ModuleBuilder()
        let none = SourceFile(name: [], bytes: [])
        builder = FunctionBuilder(
            FunctionNode(
                Symbol(number: 0), SourceRange(0, 0), number: -1, body: Block([], SourceRange(0, 0)),
                file: none),
            name: 0, file: 0
        )
        _ = modules.file([])
        _ = modules.name([])
    }

    var interner: Interner { program.interner }

    func report(_ message: String, at range: SourceRange, hint: String? = nil) {
        program.report(message, in: builder.file, at: range, hint: hint)
    }

    func name(_ symbol: Symbol) -> Int { modules.name(interner.bytes(symbol)) }

    // MARK: Functions

    /// The function's index in the module; it is compiled later if it is not yet.
    func index(of node: FunctionNode, method: BytecodeFunction.Method? = nil, isBody: Bool = false) -> Int {
        let key = FunctionKey(number: node.number, receiver: method?.receiver.index ?? -1, isBody: isBody)
        if let known = indices[key] { return known }
        let index = modules.reserveFunction(name: name(node.symbol))
        indices[key] = index
        waiting.append((key, node, method))
        return index
    }

    /// Compiles until no function waits.
    func drain() {
        addNominals()
        while let next = waiting.popLast() {
            guard let index = indices[next.key] else { continue }
            if next.node.isMemoized, !next.key.isBody {
                modules.module.functions[index] = memoizer(next.node, method: next.method)
            } else {
                modules.module.functions[index] = compile(next.node, method: next.method)
            }
        }
    }

    func compile(
        _ node: FunctionNode, method: BytecodeFunction.Method? = nil,
        before: (() -> Void)? = nil
    ) -> BytecodeFunction {
        begin(node, method: method)
        before?()
        let declared = node.returnType.map { staticType(of: $0) }
        let result = builder.allocate()
        let type = compileStatements(node.body, to: result)
        let end = SourceRange(max(node.body.range.end - 1, 0), node.body.range.end)
        if type != .never {
            if let declared, declared != .void, type == .void, !endsInValue(node.body) {
                report(
                    "\(interner.text(node.symbol)) must return \(text(of: declared)), and can end without a value",
                    at: node.range)
            } else if let returnType = node.returnType, declared != .void {
                check(result, type, against: returnType, isResult: true, node.body.range)
            }
            builder.emit(.returnValue, a: result, end)
        } else {
            // Control does not get here, but jumps over the end of the body may aim here.
            builder.emit(.returnVoid, end)
        }
        return finish()
    }

    private func endsInValue(_ block: Block) -> Bool {
        guard case .expression(_, let isDiscarded)? = block.statements.last else { return false }
        return !isDiscarded
    }

    /// Starts the code of a function: parameters in the first registers, checked and boxed where needed.
    func begin(_ node: FunctionNode, method: BytecodeFunction.Method? = nil) {
        builder = FunctionBuilder(node, name: name(node.symbol), file: modules.file(node.file.name))
        builder.function.parameterCount = node.parameters.count
        builder.function.captureCount = node.captures.count
        builder.function.method = method
        guard node.parameters.count <= BytecodeLimits.argumentsMax else {
            report("more than \(BytecodeLimits.argumentsMax) parameters", at: node.range)
            return
        }
        _ = builder.allocate(node.parameters.count)
        for (index, parameter) in node.parameters.enumerated() {
            let binding = parameter.binding
            binding.register = index
            binding.type = .any
            if let type = parameter.type {
                binding.type = binding.isAssigned ? .any : staticType(of: type)
                check(index, .any, against: type, isResult: false, binding.range)
            } else if index == 0, node.hasSelf, let owner = node.owner, method != nil, !binding.isAssigned {
                if case .trait = owner.kind { continue }
                if owner.index >= 0 { binding.type = .nominal(owner.index) }
            }
        }
        for (index, parameter) in node.parameters.enumerated() {
            if parameter.binding.isCell { builder.emit(.newCell, a: index, b: index, parameter.binding.range) }
            if let pattern = parameter.pattern { bind(pattern, from: index, type: .any) }
        }
    }

    func finish() -> BytecodeFunction {
        if builder.overflowed {
            report(
                "this function needs more than \(BytecodeLimits.registersMax) registers", at: builder.node.range,
                hint: "split it into smaller functions")
        }
        if builder.function.code.count > BytecodeLimits.instructionsMax {
            report("this function is too long", at: builder.node.range)
        }
        return builder.function
    }

    /// Adds structs and enums declared since the last time, and their methods.
    func addNominals() {
        while nominalsAdded < program.nominals.count {
            let type = program.nominals[nominalsAdded]
            nominalsAdded += 1
            let shape: NominalType.Shape
            switch type.kind {
            case .structure(let fields): shape = .structure(fields: fields.map { name($0.name) })
            case .enumeration(let variants):
                shape = .enumeration(variants.map { .init(name: name($0.name), payloadCount: $0.payload.count) })
            default: continue
            }
            modules.module.nominals.append(NominalType(name: name(type.symbol), shape: shape))
        }
    }

    /// Makes every method of the program's types callable by name.
    func addMethods() {
        for type in program.nominals { addMethods(of: type) }
        for type in program.builtinTypes.values.sorted(by: { $0.symbol.number < $1.symbol.number }) {
            for method in type.methodOrder where !isLibrary(method) { add(method, to: type) }
        }
    }

    private func addMethods(of type: TypeDeclaration) {
        for method in type.methodOrder { add(method, to: type) }
    }

    private func add(_ method: FunctionNode, to type: TypeDeclaration) {
        guard method.hasSelf else { return }
        _ = index(of: method, method: .init(receiver: type.receiverClass, name: name(method.symbol)))
    }

    func isLibrary(_ node: FunctionNode) -> Bool { node.file.name == Library.fileName }

    /// Library methods written in hexa are compiled when some call names them.
    func requestLibraryMethod(_ symbol: Symbol) {
        for type in program.builtinTypes.values {
            guard let method = type.methods[symbol], isLibrary(method), method.hasSelf else { continue }
            add(method, to: type)
        }
    }
}
