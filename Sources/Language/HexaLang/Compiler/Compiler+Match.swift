import HexaBytecode

extension Compiler {
    func compileMatch(_ subject: Expression, _ arms: [MatchArm], _ target: Int?, _ range: SourceRange) -> StaticType {
        builder.temporarily {
            let (register, subjectType) = matchSubject(subject)
            var ends: [Int] = []
            var type = StaticType.never
            var isExhaustive = false
            for arm in arms {
                builder.temporarily {
                    var failures = match(arm.pattern, register, subjectType)
                    if let condition = arm.guardCondition { failures += jump(unless: condition) }
                    let armType = compile(arm.body, to: target)
                    type = join(type, armType)
                    if armType != .never { ends.append(builder.emit(.jump, arm.body.range)) }
                    if failures.isEmpty { isExhaustive = true }
                    builder.patch(failures, to: builder.here)
                }
            }
            if !isExhaustive { builder.emit(.throwNoMatch, a: register, subject.range) }
            // The last arm's jump may aim here even where nothing follows.
            builder.patch(ends, to: builder.here)
            return type == .never && arms.isEmpty ? .never : type
        }
    }

    /// A register that keeps the subject while arms assign variables.
    private func matchSubject(_ subject: Expression) -> (register: Int, type: StaticType) {
        if case .name(let reference) =
            subject.kind, case .local(let binding) = reference.resolution, !binding.isAssigned
        {
            return operand(subject)
        }
        let register = builder.allocate()
        return (register, compile(subject, to: register))
    }

    /// Tests a value against a pattern and binds its variables; returns the jumps taken when it does not fit.
    private func match(_ pattern: Pattern, _ register: Int, _ type: StaticType) -> [Int] {
        let range = pattern.range
        switch pattern.kind {
        case .wildcard: return []
        case .binding(let binding):
            if let constant = constant(named: binding) { return match(constant, register, range) }
            bind(binding, from: register, type: type, range)
            return []
        case .literal(let literal): return match(literal, register, range)
        case .rangeOf(let lower, let upper, let isClosed):
            return builder.temporarily {
                let low = operand(lower).register
                let high = operand(upper).register
                return [
                    builder.emit(.jumpNotLessEqual, a: low, b: register, range),
                    builder.emit(isClosed ? .jumpNotLessEqual : .jumpNotLess, a: register, b: high, range),
                ]
            }
        case .variant(let reference, let name, let payload):
            guard
                case .type(let declaration) =
                    reference.resolution, case .enumeration(let variants) = declaration.kind,
                let index = variants.firstIndex(where: { $0.name == name })
            else { return [] }
            let failures = test(.isVariant, register, c: index, d: declaration.index, range)
            return failures + matchElements(payload, Array(0..<payload.count), register, range)
        case .structure(let reference, let fields):
            guard
                case .type(let declaration) =
                    reference.resolution, case .structure(let declared) = declaration.kind
            else {
                return []
            }
            let failures = test(.isStruct, register, c: 0, d: declaration.index, range)
            let places = fields.map { field in declared.firstIndex { $0.name == field.field } ?? 0 }
            return failures + matchElements(fields.map { $0.pattern }, places, register, range)
        case .tuple(let elements):
            let failures = test(.isTuple, register, c: elements.count, d: 0, range)
            return failures + matchElements(elements, Array(0..<elements.count), register, range)
        case .array(let elements, let rest): return matchArray(elements, rest, register, range)
        case .or(let alternatives): return matchAny(alternatives, register, type)
        }
    }

    /// A name in a pattern that is a constant's is compared, not bound.
    private func constant(named binding: Binding) -> Expression? {
        guard let file = program.files.first(where: { $0.source === builder.file }),
            case .global(let global)? = file.scope[binding.symbol] ?? file.imported[binding.symbol],
            global.isConstant, let first = interner.bytes(binding.symbol).first, 65...90 ~= first
        else { return nil }
        let reference = NameReference(binding.symbol, binding.range)
        reference.resolution = .global(global)
        return Expression(.name(reference), binding.range)
    }

    private func match(_ literal: Expression, _ register: Int, _ range: SourceRange) -> [Int] {
        if case .int(let value) = literal.kind, let small = Int16(exactly: value) {
            return [builder.emit(Instruction(.jumpNotEqualInt, a: register, immediate: Int(small), d: 0), range)]
        }
        return builder.temporarily {
            [builder.emit(.jumpNotEqual, a: register, b: operand(literal).register, range)]
        }
    }

    private func test(_ opcode: Opcode, _ register: Int, c: Int, d: Int, _ range: SourceRange) -> [Int] {
        builder.temporarily {
            let flag = builder.allocate()
            builder.emit(opcode, a: flag, b: register, c: c, d: d, range)
            return [builder.emit(.jumpUnless, a: flag, range)]
        }
    }

    private func matchElements(_ patterns: [Pattern], _ places: [Int], _ register: Int, _ range: SourceRange) -> [Int] {
        var failures: [Int] = []
        for (pattern, place) in zip(patterns, places) {
            if case .wildcard = pattern.kind { continue }
            let element = builder.allocate()
            builder.emit(.getElement, a: element, b: register, c: place, range)
            failures += match(pattern, element, .any)
        }
        return failures
    }

    private func matchArray(_ elements: [Pattern], _ rest: Pattern?, _ register: Int, _ range: SourceRange) -> [Int] {
        var failures = test(.isArray, register, c: elements.count, d: rest == nil ? 0 : 1, range)
        failures += matchElements(elements, Array(0..<elements.count), register, range)
        guard let rest, case .binding = rest.kind else { return failures }
        // The rest is `subject.slice(count)`.
        let window = builder.allocate(2)
        builder.emit(.move, a: window, b: register, range)
        builder.emit(.loadInt, a: window + 1, d: elements.count, range)
        builder.emit(.callMethod, a: window, b: 2, d: modules.name(Array("slice".utf8)), range)
        return failures + match(rest, window, .any)
    }

    private func matchAny(_ alternatives: [Pattern], _ register: Int, _ type: StaticType) -> [Int] {
        var successes: [Int] = []
        var failures: [Int] = []
        for (index, alternative) in alternatives.enumerated() {
            failures = match(alternative, register, type)
            if index < alternatives.count - 1 {
                successes.append(builder.emit(.jump, alternative.range))
                builder.patch(failures, to: builder.here)
            }
        }
        builder.patch(successes, to: builder.here)
        return failures
    }
}
