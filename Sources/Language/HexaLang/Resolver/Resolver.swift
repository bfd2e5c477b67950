import HexaBytecode

/// Says of every name what it means, and checks what can be checked without types: assignments to immutable variables,
/// `break` outside loops, purity, duplicates.
struct Resolver {
    let program: Program
    let file: LoadedFile
    /// Enclosing functions, outermost first; the first is the top-level code.
    var contexts: [Context] = []
    /// Bodies of top-level functions wait until all top-level names are known.
    private var deferred: [FunctionNode] = []

    struct Context {
        var node: FunctionNode
        var locals: [Binding] = []
        var loopDepth = 0
        var isPure: Bool
        var isComptime: Bool
    }

    init(_ program: Program, _ file: LoadedFile) {
        self.program = program
        self.file = file
    }

    var interner: Interner { program.interner }

    func report(_ message: String, at range: SourceRange, hint: String? = nil) {
        program.report(message, in: file.source, at: range, hint: hint)
    }

    mutating func resolve() {
        importNames()
        declareTypesAndFunctions()
        addImplementations()
        contexts = [Context(node: file.main, isPure: false, isComptime: false)]
        for statement in file.main.body.statements { resolveTopLevel(statement) }
        while let function = deferred.popLast() { resolve(function: function) }
        file.isResolved = true
    }

    // MARK: Top level

    private func importNames() {
        for use in file.used {
            for (symbol, resolution) in use.file.scope { file.imported[symbol] = resolution }
        }
    }

    private mutating func declareTypesAndFunctions() {
        for statement in file.main.body.statements {
            switch statement {
            case .function(let function, _):
                declare(function.symbol, .function(function), at: function.range)
            case .item(.type(let type)): declare(type: type)
            default: break
            }
        }
    }

    private func declare(_ symbol: Symbol, _ resolution: Resolution, at range: SourceRange) {
        if file.scope[symbol] != nil, !program.isInteractive {
            report("\(interner.text(symbol)) is already defined in this file", at: range)
        }
        file.scope[symbol] = resolution
    }

    private func declare(type: TypeDeclaration) {
        declare(type.symbol, .type(type), at: type.range)
        switch type.kind {
        case .trait:
            type.index = program.traits.count
            program.traits.append(type)
        case .structure(let fields):
            type.index = program.nominals.count
            program.nominals.append(type)
            for (place, field) in fields.enumerated() where program.fieldHints[field.name] == nil {
                program.fieldHints[field.name] = place
            }
        default:
            type.index = program.nominals.count
            program.nominals.append(type)
        }
    }

    private mutating func addImplementations() {
        for statement in file.main.body.statements {
            guard case .item(let item) = statement else { continue }
            switch item {
            case .implementation(let implementation): add(implementation)
            case .type(let type):
                if case .structure(let fields) = type.kind { for field in fields { resolve(type: field.type) } }
                if case .enumeration(let variants) = type.kind {
                    for variant in variants { for payload in variant.payload { resolve(type: payload) } }
                }
                if case .trait(_, let provided) = type.kind { for function in provided { function.owner = type } }
            default: break
            }
        }
    }

    private mutating func add(_ implementation: Implementation) {
        let name = implementation.target.symbol
        let target: TypeDeclaration
        if case .type(let type)? = file.scope[name] ?? file.imported[name] {
            target = type
        } else if let builtin = program.builtinTypes[name] {
            target = builtin
        } else {
            report("there is no type \(interner.text(name))", at: implementation.target.range, hint: hint(for: name))
            return
        }
        for method in implementation.methods { add(method, to: target) }
        guard let reference = implementation.trait else { return }
        guard case .type(let trait)? = file.scope[reference.symbol] ?? file.imported[reference.symbol],
            case .trait(let required, let provided) = trait.kind
        else {
            report(
                "there is no trait \(interner.text(reference.symbol))", at: reference.range,
                hint: hint(for: reference.symbol))
            return
        }
        for symbol in required where target.methods[symbol] == nil {
            report(
                "\(interner.text(name)) lacks fn \(interner.text(symbol)) of \(interner.text(trait.symbol))",
                at: implementation.range)
        }
        for method in provided where target.methods[method.symbol] == nil {
            target.methods[method.symbol] = method
            target.methodOrder.append(method)
            deferred.append(method)
        }
        trait.implementers.append(target)
    }

    private mutating func add(_ method: FunctionNode, to target: TypeDeclaration) {
        if target.methods[method.symbol] != nil, !program.isInteractive {
            report(
                "\(interner.text(target.symbol)) already has a function \(interner.text(method.symbol))",
                at: method.range)
        }
        method.owner = target
        target.methods[method.symbol] = method
        target.methodOrder.append(method)
        deferred.append(method)
    }

    private mutating func resolveTopLevel(_ statement: Statement) {
        switch statement {
        case .function(let function, _):
            check(function.attributes)
            deferred.append(function)
        case .variable(let declaration): resolveTopLevel(declaration)
        case .item(.proof(let function)):
            program.proofs.append(function)
            deferred.append(function)
        case .item(.attribute(let attribute)): check([attribute])
        case .item: break
        case .expression(let expression, _): resolve(expression)
        }
    }

    private mutating func resolveTopLevel(_ declaration: VariableDeclaration) {
        resolve(type: declaration.type)
        if let value = declaration.value {
            if declaration.isComptime { contexts[0].isComptime = true }
            resolve(value)
            contexts[0].isComptime = false
        }
        forEachBinding(declaration.pattern) { binding in
            let global = GlobalVariable(binding, isConstant: declaration.keyword == .const || declaration.isComptime)
            if case .binding = declaration.pattern.kind { global.initializer = declaration.value }
            global.isComptime = declaration.isComptime
            global.isShared = program.isInteractive || file !== program.files.last
            binding.global = global
            program.linked.globals.append(global)
            binding.owner = file.main.number
            file.scope[binding.symbol] = .global(global)
        }
    }

    private func check(_ attributes: [Attribute]) {
        let known = ["nostd", "pure", "memoize", "inline", "hot", "law"]
        for attribute in attributes {
            let name = interner.text(attribute.name)
            if name == "law" {
                guard attribute.arguments.count == 2 else {
                    report(
                        "@law takes an operation and a target", at: attribute.range,
                        hint: "@law(\"read\", \"/fs/notes/*\")")
                    continue
                }
                program.needs.append(.init(operation: attribute.arguments[0], target: attribute.arguments[1]))
            } else if !known.contains(name), file.isStrict {
                program.warn("unknown attribute @\(name)", in: file.source, at: attribute.range)
            }
        }
    }

    // MARK: Functions

    mutating func resolve(function: FunctionNode) {
        // A provided method of a trait is shared by its implementers: resolve it once.
        guard function.parent == nil else { return }
        let outer = contexts.last
        function.parent = outer?.node ?? file.main
        program.linked.functions.append(function)
        contexts.append(
            Context(
                node: function, isPure: function.isPure || outer?.isPure ?? false,
                isComptime: function.isComptime || outer?.isComptime ?? false
            ))
        for parameter in function.parameters {
            resolve(type: parameter.type)
            declare(parameter.binding)
        }
        for parameter in function.parameters {
            if let pattern = parameter.pattern { declare(pattern: pattern) }
        }
        resolve(type: function.returnType)
        resolveStatements(function.body)
        contexts.removeLast()
    }
}
