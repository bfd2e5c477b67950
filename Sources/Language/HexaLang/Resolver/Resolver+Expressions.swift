import HexaBytecode

extension Resolver {
    /// The statements of a block in a scope of their own.
    mutating func resolve(_ block: Block) {
        let mark = contexts[top].locals.count
        resolveStatements(block)
        contexts[top].locals.removeSubrange(mark...)
    }

    mutating func resolveStatements(_ block: Block) {
        // Functions of a block know one another.
        for statement in block.statements {
            guard case .function(_, let binding) = statement else { continue }
            binding.isAssigned = true
            declare(binding)
        }
        for statement in block.statements {
            switch statement {
            case .expression(let expression, _): resolve(expression)
            case .variable(let declaration):
                resolve(type: declaration.type)
                if let value = declaration.value {
                    let keeps = contexts[top].isComptime
                    if declaration.isComptime { contexts[top].isComptime = true }
                    resolve(value)
                    contexts[top].isComptime = keeps
                }
                declare(pattern: declaration.pattern)
            case .function(let function, _): resolve(function: function)
            case .item(.attribute): break
            case .item(.type(let type)):
                report("types are declared at the top of a file", at: type.range)
            case .item(.implementation(let implementation)):
                report("an impl stands at the top of a file", at: implementation.range)
            case .item(.use(_, let range)): report("'use' stands at the top of a file", at: range)
            case .item(.proof(let function)): report("a proof stands at the top of a file", at: function.range)
            case .item(.function): break
            }
        }
    }

    mutating func resolve(_ expressions: [Expression]) {
        for expression in expressions { resolve(expression) }
    }

    mutating func resolve(_ expression: Expression) {
        switch expression.kind {
        case .int, .float, .string, .char, .bool, .void: break
        case .name(let reference): resolve(name: reference)
        case .path(let reference, _): resolvePath(reference)
        case .array(let elements), .tuple(let elements): resolve(elements)
        case .fill(let value, let count): resolve([value, count])
        case .map(let pairs): for pair in pairs { resolve([pair.key, pair.value]) }
        case .structure(let reference, let fields):
            resolve(typeReference: reference, "struct")
            for field in fields { resolve(field.value) }
        case .unary(_, let operand): resolve(operand)
        case .binary(_, let left, let right), .and(let left, let right), .or(let left, let right),
            .index(let left, let right), .rangeOf(let left, let right, _):
            resolve(left)
            resolve(right)
        case .call(let callee, let arguments):
            resolve(callee)
            resolve(arguments)
        case .method(let receiver, _, let arguments):
            resolve(receiver)
            resolve(arguments)
        case .field(let receiver, _), .element(let receiver, _): resolve(receiver)
        case .closure(let function): resolve(function: function)
        case .assign(let target, _, let value): resolveAssignment(target, value)
        default: resolveControl(expression)
        }
    }

    private mutating func resolvePath(_ reference: NameReference) {
        if let builtin = program.builtinTypes[reference.symbol], file.scope[reference.symbol] == nil {
            reference.resolution = .type(builtin)
        } else {
            resolve(typeReference: reference, "type")
        }
    }

    private mutating func resolveControl(_ expression: Expression) {
        switch expression.kind {
        case .block(let block): resolve(block)
        case .ifElse(let condition, let then, let otherwise):
            resolve(condition)
            resolve(then)
            if let otherwise { resolve(otherwise) }
        case .match(let subject, let arms): resolveMatch(subject, arms)
        case .tryCatch(let body, let binding, let handler):
            resolve(body)
            inScope { resolver in
                if let binding { resolver.declare(binding) }
                resolver.resolve(handler)
            }
        case .whileLoop(let condition, let body):
            resolve(condition)
            resolveLoop(body)
        case .loop(let body): resolveLoop(body)
        case .forLoop(let pattern, let sequence, let body):
            resolve(sequence)
            inScope { resolver in
                resolver.declare(pattern: pattern)
                resolver.resolveLoop(body)
            }
        case .breakLoop, .continueLoop:
            if contexts[top].loopDepth == 0 {
                if case .breakLoop = expression.kind {
                    report("'break' stands outside a loop", at: expression.range)
                } else {
                    report("'continue' stands outside a loop", at: expression.range)
                }
            }
        case .returnValue(let value): if let value { resolve(value) }
        case .throwValue(let value): resolve(value)
        case .assert(let condition, let message):
            resolve(condition)
            if let message { resolve(message) }
        case .spawn(let function):
            checkEffect("spawn", at: expression.range)
            resolve(function: function)
        case .comptime(let function):
            function.isComptime = true
            resolve(function: function)
            if let captured = function.captures.first {
                report("\(interner.text(captured.symbol)) is not known while compiling", at: expression.range)
            }
        case .select(let arms): resolveSelect(arms)
        default: break
        }
    }

    private mutating func inScope(_ body: (inout Resolver) -> Void) {
        let mark = contexts[top].locals.count
        body(&self)
        contexts[top].locals.removeSubrange(mark...)
    }

    private mutating func resolveLoop(_ body: Block) {
        contexts[top].loopDepth += 1
        resolve(body)
        contexts[top].loopDepth -= 1
    }

    private mutating func resolveSelect(_ arms: [SelectArm]) {
        for arm in arms {
            if let channel = arm.channel { resolve(channel) }
            inScope { resolver in
                if let binding = arm.binding { resolver.declare(binding) }
                resolver.resolve(arm.body)
            }
        }
    }

    private mutating func resolveMatch(_ subject: Expression, _ arms: [MatchArm]) {
        resolve(subject)
        for arm in arms {
            inScope { resolver in
                resolver.resolve(pattern: arm.pattern)
                resolver.declare(pattern: arm.pattern)
                if let condition = arm.guardCondition { resolver.resolve(condition) }
                resolver.resolve(arm.body)
            }
        }
    }

    private mutating func resolve(pattern: Pattern) {
        switch pattern.kind {
        case .wildcard, .binding, .literal, .rangeOf: break
        case .variant(let reference, let name, let payload):
            resolve(typeReference: reference, "enum")
            if case .type(let type) = reference.resolution {
                check(variant: name, of: type, payload.count, pattern.range)
            }
            for element in payload { resolve(pattern: element) }
        case .structure(let reference, let fields):
            resolve(typeReference: reference, "struct")
            if case .type(let type) = reference.resolution { check(fields.map { $0.field }, of: type, pattern.range) }
            for field in fields { resolve(pattern: field.pattern) }
        case .tuple(let elements): for element in elements { resolve(pattern: element) }
        case .array(let elements, let rest):
            for element in elements { resolve(pattern: element) }
            if let rest { resolve(pattern: rest) }
        case .or(let alternatives):
            for alternative in alternatives {
                resolve(pattern: alternative)
                var names: [Binding] = []
                forEachBinding(alternative) { names.append($0) }
                if let binding = names.first {
                    report(
                        "alternatives of a pattern cannot bind \(interner.text(binding.symbol))", at: binding.range,
                        hint: "write one arm for each alternative")
                }
            }
        }
    }

    private func check(variant name: Symbol, of type: TypeDeclaration, _ count: Int, _ range: SourceRange) {
        guard case .enumeration(let variants) = type.kind else {
            report("\(interner.text(type.symbol)) is not an enum", at: range)
            return
        }
        guard let variant = variants.first(where: { $0.name == name }) else {
            let nearest = NearestName.find(interner.bytes(name), among: variants.map { interner.bytes($0.name) })
            report(
                "\(interner.text(type.symbol)) has no variant \(interner.text(name))", at: range,
                hint: nearest.map { "did you mean \(String(decoding: $0, as: UTF8.self))?" })
            return
        }
        if variant.payload.count != count {
            report("\(interner.text(name)) holds \(variant.payload.count) values, the pattern has \(count)", at: range)
        }
    }

    private func check(_ names: [Symbol], of type: TypeDeclaration, _ range: SourceRange) {
        guard case .structure(let fields) = type.kind else {
            report("\(interner.text(type.symbol)) is not a struct", at: range)
            return
        }
        for name in names where !fields.contains(where: { $0.name == name }) {
            let nearest = NearestName.find(interner.bytes(name), among: fields.map { interner.bytes($0.name) })
            report(
                "\(interner.text(type.symbol)) has no field \(interner.text(name))", at: range,
                hint: nearest.map { "did you mean \(String(decoding: $0, as: UTF8.self))?" })
        }
    }

    // MARK: Assignment

    private mutating func resolveAssignment(_ target: Expression, _ value: Expression) {
        resolve(target)
        resolve(value)
        if case .name(let reference) = target.kind {
            checkAssignable(reference, isWhole: true)
        } else if let root = root(of: target) {
            checkAssignable(root, isWhole: false)
        }
    }

    /// The variable at the beginning of `a.b[c].d`.
    private func root(of expression: Expression) -> NameReference? {
        switch expression.kind {
        case .name(let reference): reference
        case .field(let inner, _), .element(let inner, _), .index(let inner, _): root(of: inner)
        default: nil
        }
    }

    private func checkAssignable(_ reference: NameReference, isWhole: Bool) {
        let name = interner.text(reference.symbol)
        switch reference.resolution {
        case .local(let binding), .capture(let binding, _):
            if isWhole { binding.isAssigned = true }
            guard !binding.isMutable else { return }
            report(
                isWhole ? "\(name) cannot be assigned again" : "\(name) cannot be changed", at: reference.range,
                hint: "declare it with 'let mut \(name)'")
        case .global(let global):
            if isWhole { global.binding.isAssigned = true }
            guard !global.binding.isMutable else {
                if contexts[top].isPure { report("a @pure function cannot change \(name)", at: reference.range) }
                return
            }
            report(
                isWhole ? "\(name) cannot be assigned again" : "\(name) cannot be changed", at: reference.range,
                hint: global.isConstant ? "it is a constant" : "declare it with 'let mut \(name)'")
        case .unresolved: break
        default: if isWhole { report("\(name) is not a variable", at: reference.range) }
        }
    }
}
