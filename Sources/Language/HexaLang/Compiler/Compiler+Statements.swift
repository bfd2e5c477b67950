import HexaBytecode

extension Compiler {
    /// A block in a scope of its own. Without a target its value is not wanted.
    func compile(_ block: Block, to target: Int?) -> StaticType {
        builder.temporarily { compileStatements(block, to: target) }
    }

    /// The value of the last expression goes to `target`; void when there is none.
    func compileStatements(_ block: Block, to target: Int?) -> StaticType {
        for statement in block.statements { prepare(statement) }
        var type = StaticType.void
        var hasValue = false
        for (index, statement) in block.statements.enumerated() {
            let isLast = index == block.statements.count - 1
            if case .expression(let expression, false) = statement, isLast {
                type = compile(expression, to: target)
                hasValue = true
            } else if compile(statement) == .never {
                // What follows cannot run; it is compiled all the same, for its errors.
                type = .never
            } else if type == .never, !isLast {
                continue
            }
            if type == .never, isLast { return .never }
        }
        if !hasValue, let target, type != .never { builder.emit(.loadVoid, a: target, block.range) }
        return hasValue ? type : type == .never ? .never : .void
    }

    /// Functions of a block exist from its beginning: their cells are made before anything runs.
    private func prepare(_ statement: Statement) {
        // A function at the top of a file is no variable: it has no owner.
        guard case .function(let node, let binding) = statement, binding.owner == builder.node.number else { return }
        binding.register = builder.allocate()
        binding.type = .function
        if binding.isCell {
            builder.emit(.loadVoid, a: binding.register, node.range)
            builder.emit(.newCell, a: binding.register, b: binding.register, node.range)
        }
    }

    func compile(_ statement: Statement) -> StaticType {
        switch statement {
        case .expression(let expression, _): return compile(expression, to: nil)
        case .variable(let declaration):
            compile(declaration)
            return .void
        case .function(let node, let binding):
            guard binding.owner == builder.node.number else { return .void }
            if binding.isCell {
                builder.temporarily {
                    let closure = builder.allocate()
                    compileClosure(node, to: closure, node.range)
                    builder.emit(.setCell, a: binding.register, b: closure, node.range)
                }
            } else {
                compileClosure(node, to: binding.register, node.range)
            }
            return .void
        case .item: return .void
        }
    }

    private func compile(_ declaration: VariableDeclaration) {
        if declaration.isComptime, case .binding(let binding) = declaration.pattern.kind {
            compileComptime(declaration, binding)
            return
        }
        guard case .binding(let binding) = declaration.pattern.kind else {
            let register = builder.allocate()
            let type = declaration.value.map { compile($0, to: register) } ?? .void
            bind(declaration.pattern, from: register, type: type)
            return
        }
        if let global = binding.global {
            define(global, declaration)
            return
        }
        binding.register = builder.allocate()
        binding.type = initialise(binding.register, declaration, isReassigned: binding.isAssigned)
        if binding.isCell { builder.emit(.newCell, a: binding.register, b: binding.register, declaration.range) }
    }

    /// Puts the initial value into a register; returns what is known of the variable's type from then on.
    private func initialise(_ register: Int, _ declaration: VariableDeclaration, isReassigned: Bool) -> StaticType {
        var type = StaticType.void
        if let value = declaration.value {
            type = compile(value, to: register)
            if let annotation = declaration.type {
                check(register, type, against: annotation, isResult: false, value.range)
            }
        } else {
            builder.emit(.loadVoid, a: register, declaration.range)
        }
        if let annotation = declaration.type, declaration.value != nil { return staticType(of: annotation) }
        if declaration.type != nil { return .any }
        return isReassigned ? .any : type
    }

    private func define(_ global: GlobalVariable, _ declaration: VariableDeclaration) {
        let binding = global.binding
        // Only the top-level code uses it: a register is enough.
        if !global.isShared, promotedGlobals < Self.promotedGlobalsMax {
            promotedGlobals += 1
            binding.register = builder.allocate()
            global.type = initialise(binding.register, declaration, isReassigned: binding.isAssigned)
            return
        }
        builder.temporarily {
            let register = builder.allocate()
            let type = initialise(register, declaration, isReassigned: binding.isMutable)
            global.type = declaration.type != nil || !binding.isMutable ? type : .any
            builder.emit(.setGlobal, a: register, d: index(of: global), declaration.range)
        }
    }

    private static var promotedGlobalsMax: Int { 120 }

    func index(of global: GlobalVariable) -> Int {
        if global.index < 0 { global.index = modules.newGlobal() }
        return global.index
    }

    /// Takes a value apart into variables. A shape that does not fit is an error.
    func bind(_ pattern: Pattern, from register: Int, type: StaticType) {
        switch pattern.kind {
        case .wildcard: break
        case .binding(let binding): bind(binding, from: register, type: type, pattern.range)
        case .tuple(let elements):
            requireShape(.isTuple, register, elements.count, "a tuple of \(elements.count)", pattern.range)
            for (index, element) in elements.enumerated() { bindElement(element, of: register, index, pattern.range) }
        case .array(let elements, _):
            requireShape(.isArray, register, elements.count, "an array of \(elements.count)", pattern.range)
            for (index, element) in elements.enumerated() { bindElement(element, of: register, index, pattern.range) }
        default: report("this pattern cannot stand here", at: pattern.range)
        }
    }

    private func bindElement(_ pattern: Pattern, of register: Int, _ index: Int, _ range: SourceRange) {
        if case .wildcard = pattern.kind { return }
        let element = builder.allocate()
        builder.emit(.getElement, a: element, b: register, c: index, range)
        bind(pattern, from: element, type: .any)
    }

    private func requireShape(_ test: Opcode, _ register: Int, _ count: Int, _ what: String, _ range: SourceRange) {
        builder.temporarily {
            let flag = builder.allocate()
            builder.emit(test, a: flag, b: register, c: count, range)
            let fits = builder.emit(.jumpIf, a: flag, range)
            builder.emit(.throwNoMatch, a: register, range)
            builder.patch(fits, to: builder.here)
        }
    }

    /// Makes the value in `register` a variable's. The register itself becomes the variable where that is possible.
    func bind(_ binding: Binding, from register: Int, type: StaticType, _ range: SourceRange) {
        if let global = binding.global {
            global.isShared = true
            builder.emit(.setGlobal, a: register, d: index(of: global), range)
            return
        }
        binding.type = binding.isAssigned ? .any : type
        if binding.isCell {
            binding.register = builder.allocate()
            builder.emit(.newCell, a: binding.register, b: register, range)
        } else if binding.isAssigned {
            binding.register = builder.allocate()
            builder.emit(.move, a: binding.register, b: register, range)
        } else {
            binding.register = register
        }
    }
}
