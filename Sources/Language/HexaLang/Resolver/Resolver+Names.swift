import HexaBytecode

extension Resolver {
    var top: Int { contexts.count - 1 }

    mutating func declare(_ binding: Binding) {
        binding.owner = contexts[top].node.number
        contexts[top].locals.append(binding)
    }

    mutating func declare(pattern: Pattern) {
        var bindings: [Binding] = []
        forEachBinding(pattern) { bindings.append($0) }
        for binding in bindings { declare(binding) }
    }

    func forEachBinding(_ pattern: Pattern, _ visit: (Binding) -> Void) {
        switch pattern.kind {
        case .binding(let binding): visit(binding)
        case .wildcard, .literal, .rangeOf: break
        case .variant(_, _, let payload): for element in payload { forEachBinding(element, visit) }
        case .structure(_, let fields): for field in fields { forEachBinding(field.pattern, visit) }
        case .tuple(let elements): for element in elements { forEachBinding(element, visit) }
        case .array(let elements, let rest):
            for element in elements { forEachBinding(element, visit) }
            if let rest { forEachBinding(rest, visit) }
        case .or(let alternatives): for alternative in alternatives { forEachBinding(alternative, visit) }
        }
    }

    /// Local variables from the inside out, then the file, then what it imports, then the library.
    mutating func lookUp(_ symbol: Symbol) -> Resolution {
        for index in contexts.indices.reversed() {
            guard let binding = contexts[index].locals.last(where: { $0.symbol == symbol }) else { continue }
            binding.isUsed = true
            return index == top ? .local(binding) : capture(binding, from: index)
        }
        return file.scope[symbol] ?? file.imported[symbol] ?? program.libraryScope[symbol] ?? .unresolved
    }

    /// Every function between the variable's and the running one captures it.
    private func capture(_ binding: Binding, from owner: Int) -> Resolution {
        binding.isCaptured = true
        var place = 0
        for index in (owner + 1)...top {
            let node = contexts[index].node
            if let known = node.captures.firstIndex(where: { $0 === binding }) {
                place = known
            } else {
                place = node.captures.count
                node.captures.append(binding)
            }
        }
        return .capture(binding, place)
    }

    mutating func resolve(name reference: NameReference) {
        reference.resolution = lookUp(reference.symbol)
        let name = interner.text(reference.symbol)
        switch reference.resolution {
        case .unresolved:
            report("there is no \(name) here", at: reference.range, hint: hint(for: reference.symbol))
        case .global(let global):
            if contexts.count > 1 { global.isShared = true }
            if contexts[top].isPure, global.binding.isMutable {
                report("a @pure function cannot use the variable \(name)", at: reference.range)
            }
            if contexts[top].isComptime, !global.isConstant {
                report("\(name) is not known while compiling", at: reference.range, hint: "declare it with const")
            }
        case .function(let function):
            if contexts.count == 1, name == "main", function.owner == nil { file.callsMain = true }
        case .builtin(let builtin): if !builtin.isPure { checkEffect(name, at: reference.range) }
        case .kernelCall: checkEffect(name, at: reference.range)
        default: break
        }
    }

    func checkEffect(_ name: String, at range: SourceRange) {
        if contexts[top].isComptime {
            report("\(name) cannot be used while compiling: it does input or output", at: range)
        } else if contexts[top].isPure {
            report("a @pure function cannot call \(name)", at: range)
        }
    }

    /// "did you mean ...", when a visible name is close.
    func hint(for symbol: Symbol) -> String? {
        var candidates: [Symbol] = []
        for context in contexts { candidates += context.locals.map { $0.symbol } }
        candidates += Array(file.scope.keys) + Array(file.imported.keys) + Array(program.libraryScope.keys)
        candidates += Array(program.builtinTypes.keys)
        let names = candidates.map { interner.bytes($0) }.sorted { $0.lexicographicallyPrecedes($1) }
        return NearestName.find(interner.bytes(symbol), among: names)
            .map { "did you mean \(String(decoding: $0, as: UTF8.self))?" }
    }

    func resolve(type: TypeNode?) {
        guard let type else { return }
        switch type {
        case .array(let element): resolve(type: element)
        case .tuple(let elements): for element in elements { resolve(type: element) }
        case .function, .map: break
        case .named(let reference):
            let name = reference.symbol
            if program.builtinTypes[name] != nil || interner.text(name) == "any" { return }
            if case .type(let declaration)? = file.scope[name] ?? file.imported[name] {
                reference.resolution = .type(declaration)
            } else {
                report("there is no type \(interner.text(name))", at: reference.range, hint: hint(for: name))
            }
        }
    }

    func resolve(typeReference reference: NameReference, _ what: StaticString) {
        if case .type(let declaration)? = file.scope[reference.symbol] ?? file.imported[reference.symbol] {
            reference.resolution = .type(declaration)
        } else {
            report(
                "there is no \(what) \(interner.text(reference.symbol))", at: reference.range,
                hint: hint(for: reference.symbol))
        }
    }
}
