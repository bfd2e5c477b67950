import HexaBytecode

extension Compiler {
    func compileCall(
        _ callee: Expression, _ arguments: [Expression], to target: Int,
        _ range: SourceRange
    ) -> StaticType {
        guard arguments.count <= BytecodeLimits.argumentsMax else {
            report("more than \(BytecodeLimits.argumentsMax) arguments", at: range)
            return .any
        }
        switch callee.kind {
        case .name(let reference):
            let name = interner.text(reference.symbol)
            switch reference.resolution {
            case .function(let function): return compileCall(of: function, name, arguments, to: target, range)
            case .builtin(let builtin):
                let ok = checkCount(name, builtin.signature, arguments.count, range)
                emitCall(
                    .callBuiltin, Int(builtin.rawValue), ok ? arguments : [], to: target, range,
                    count: ok ? nil : builtin.signature.argumentsMin)
                return resultType(of: builtin)
            case .kernelCall(let call):
                let ok = checkCount(name, call.signature, arguments.count, range)
                emitCall(
                    .callKernel, Int(call.rawValue), ok ? arguments : [], to: target, range,
                    count: ok ? nil : call.signature.argumentsMin)
                return .any
            default: break
            }
        case .path(let reference, let member):
            if case .type(let type) = reference.resolution {
                return compilePathCall(type, member, arguments, to: target, range)
            }
        default: break
        }
        return builder.temporarily {
            let window = isTemporary(target) ? target : builder.allocate()
            let type = compile(callee, to: window)
            if ![.any, .function, .never].contains(type) {
                report("\(text(of: type)) cannot be called", at: callee.range)
            }
            for argument in arguments { compile(argument, to: builder.allocate()) }
            builder.emit(.callValue, a: window, b: arguments.count, range)
            if window != target { builder.emit(.move, a: target, b: window, range) }
            return .any
        }
    }

    /// A target that no variable is and that lies on top: a call may begin its arguments there.
    private func isTemporary(_ target: Int) -> Bool { builder.isTop(target) && !assignedTargets.contains(target) }

    /// Arguments in consecutive registers, the call, and the result in `target`.
    func emitCall(
        _ opcode: Opcode, _ index: Int, _ arguments: [Expression], to target: Int, _ range: SourceRange,
        count: Int? =
            nil,
        check: (Int, Int, StaticType) -> Void = { _, _, _ in }
    ) {
        builder.temporarily {
            let reuses = isTemporary(target)
            let window = reuses ? target : builder.nextRegister
            for (offset, argument) in arguments.enumerated() {
                let register = reuses && offset == 0 ? target : builder.allocate()
                check(offset, register, compile(argument, to: register))
            }
            // A wrong count has been reported; the code stays well-formed.
            let extra = (count ?? arguments.count) - arguments.count
            if extra > 0 { _ = builder.allocate(extra) }
            if arguments.isEmpty, extra == 0, !reuses { _ = builder.allocate() }
            builder.emit(opcode, a: window, b: count ?? arguments.count, d: index, range)
            if window != target { builder.emit(.move, a: target, b: window, range) }
        }
    }

    private func checkCount(_ name: String, _ signature: CallSignature, _ count: Int, _ range: SourceRange) -> Bool {
        if signature.accepts(count) { return true }
        let wanted =
            signature.argumentsMin == signature.argumentsMax
            ? "\(signature.argumentsMin)"
            : signature.argumentsMax == BytecodeLimits.argumentsMax
                ? "at least \(signature.argumentsMin)" : "\(signature.argumentsMin) to \(signature.argumentsMax)"
        report("\(name) takes \(wanted) argument\(wanted == "1" ? "" : "s"), got \(count)", at: range)
        return false
    }

    private func checkCount(_ name: String, _ function: FunctionNode, _ count: Int, _ range: SourceRange) -> Bool {
        let wanted = function.parameters.count
        if wanted == count { return true }
        report("\(name) takes \(wanted) argument\(wanted == 1 ? "" : "s"), got \(count)", at: range)
        return false
    }

    func compileCall(
        of function: FunctionNode, _ name: String, _ arguments: [Expression], to target: Int, _ range: SourceRange,
        method: BytecodeFunction.Method? = nil
    ) -> StaticType {
        guard checkCount(name, function, arguments.count, range) else { return .any }
        if function.isComptime, !isComptime, !builder.node.isComptime {
            let call = Expression(.call(Expression(.name(reference(to: function, range)), range), arguments), range)
            return compileComptimeCall(call, to: target, range)
        }
        emitCall(.call, index(of: function, method: method), arguments, to: target, range) { offset, register, type in
            guard let annotation = function.parameters[offset].type else { return }
            // The callee checks what is not known here.
            if fit(type, staticType(of: annotation)) == .mismatch {
                check(register, type, against: annotation, isResult: false, arguments[offset].range)
            }
        }
        return function.returnType.map { staticType(of: $0) } ?? .any
    }

    private func reference(to function: FunctionNode, _ range: SourceRange) -> NameReference {
        let reference = NameReference(function.symbol, range)
        reference.resolution = .function(function)
        return reference
    }

    /// `Shape::Circle(2.0)` or `Point::new(1, 2)`.
    private func compilePathCall(
        _ type: TypeDeclaration, _ member: Symbol, _ arguments: [Expression], to target: Int, _ range: SourceRange
    ) -> StaticType {
        let name = interner.text(type.symbol) + "::" + interner.text(member)
        if case .enumeration(let variants) = type.kind, let index = variants.firstIndex(where: { $0.name == member }) {
            let payload = variants[index].payload
            guard payload.count == arguments.count else {
                report(
                    "\(name) holds \(payload.count) value\(payload.count == 1 ? "" : "s"), got \(arguments.count)",
                    at: range)
                return .any
            }
            builder.temporarily {
                let first = builder.allocate(max(arguments.count, 1))
                for (offset, argument) in arguments.enumerated() {
                    let argumentType = compile(argument, to: first + offset)
                    check(first + offset, argumentType, against: payload[offset], isResult: false, argument.range)
                }
                builder.emit(.newVariant, a: target, b: first, c: index, d: type.index, range)
            }
            return .nominal(type.index)
        }
        guard let function = type.methods[member] else {
            reportMissing(member, of: type, range)
            return .any
        }
        return compileCall(of: function, name, arguments, to: target, range, method: method(function, of: type))
    }

    private func method(_ function: FunctionNode, of type: TypeDeclaration) -> BytecodeFunction.Method? {
        function.hasSelf ? .init(receiver: type.receiverClass, name: name(function.symbol)) : nil
    }

    func compileMethodCall(
        _ receiver: Expression, _ symbol: Symbol, _ arguments: [Expression], to target: Int, _ range: SourceRange
    ) -> StaticType {
        guard arguments.count < BytecodeLimits.argumentsMax else {
            report("more than \(BytecodeLimits.argumentsMax - 1) arguments", at: range)
            return .any
        }
        requestLibraryMethod(symbol)
        return builder.temporarily {
            let window = isTemporary(target) ? target : builder.allocate()
            let type = compile(receiver, to: window)
            if let function = knownMethod(symbol, of: type), arguments.count + 1 == function.parameters.count,
                case .nominal(let index) = type
            {
                compileArguments(arguments, of: function)
                builder.emit(
                    .call, a: window, b: arguments.count + 1,
                    d: self.index(of: function, method: method(function, of: program.nominals[index])), range)
                if window != target { builder.emit(.move, a: target, b: window, range) }
                return function.returnType.map { staticType(of: $0) } ?? .any
            }
            checkMethod(symbol, of: type, range)
            for argument in arguments { compile(argument, to: builder.allocate()) }
            builder.emit(.callMethod, a: window, b: arguments.count + 1, d: name(symbol), range)
            if window != target { builder.emit(.move, a: target, b: window, range) }
            return resultType(ofMethod: symbol, on: type)
        }
    }

    private func compileArguments(_ arguments: [Expression], of function: FunctionNode) {
        for (offset, argument) in arguments.enumerated() {
            let register = builder.allocate()
            let type = compile(argument, to: register)
            guard let annotation = function.parameters[offset + 1].type else { continue }
            if fit(type, staticType(of: annotation)) == .mismatch {
                check(register, type, against: annotation, isResult: false, argument.range)
            }
        }
    }

    private func knownMethod(_ symbol: Symbol, of type: StaticType) -> FunctionNode? {
        guard
            case .nominal(let index) =
                type, let method = program.nominals[index].methods[symbol], method.hasSelf
        else {
            return nil
        }
        return method
    }

    /// An error when a struct or enum is known to have neither a method nor a field of the name.
    private func checkMethod(_ symbol: Symbol, of type: StaticType, _ range: SourceRange) {
        guard case .nominal(let index) = type else { return warnOfUnknownMethod(symbol, range) }
        let declaration = program.nominals[index]
        if declaration.methods[symbol] != nil || interner.text(symbol) == "to_string" { return }
        if case .structure(let fields) = declaration.kind, fields.contains(where: { $0.name == symbol }) { return }
        let names = declaration.methods.keys.map { interner.bytes($0) }.sorted { $0.lexicographicallyPrecedes($1) }
        report(
            "\(interner.text(declaration.symbol)) has no method \(interner.text(symbol))", at: range,
            hint: NearestName.find(interner.bytes(symbol), among: names)
                .map { "did you mean \(String(decoding: $0, as: UTF8.self))?" })
    }

    /// A warning when nothing in the program has a method or field of the name: the call can only fail.
    private func warnOfUnknownMethod(_ symbol: Symbol, _ range: SourceRange) {
        guard !program.isInteractive, !isComptime, !methodNames.contains(symbol), program.hasRoom(for: .warning)
        else { return }
        let names = methodNames.map { interner.bytes($0) }.sorted { $0.lexicographicallyPrecedes($1) }
        program.warn(
            "nothing has a method \(interner.text(symbol))", in: builder.file, at: range,
            hint: NearestName.find(interner.bytes(symbol), among: names)
                .map { "did you mean \(String(decoding: $0, as: UTF8.self))?" })
    }

    private func resultType(of builtin: Builtin) -> StaticType {
        switch builtin {
        case .print, .println, .eprint, .eprintln, .seed, .assertEq: .void
        case .format, .toString, .typeOf: .string
        case .toInt, .len, .floor, .ceil, .round, .sigma, .phi, .tau, .sopfr, .gcd: .int
        case .toFloat, .sqrt, .exp, .log2, .sin, .cos, .tan: .float
        case .toChar: .char
        case .isAlpha, .isDigit, .isAlphanumeric: .bool
        case .exit: .never
        case .args: .array(.string)
        case .arrayFill, .channel: .array(.any)
        default: .any
        }
    }

    /// Only for receivers whose methods no program can replace unnoticed: strings.
    private func resultType(ofMethod symbol: Symbol, on type: StaticType) -> StaticType {
        guard type == .string, program.builtinTypes[interner.intern("string")]?.methods[symbol] == nil else {
            return .any
        }
        return switch interner.text(symbol) {
        case "trim", "to_upper", "to_lower", "replace", "repeat", "substring", "slice", "to_string", "reverse": .string
        case "len", "index_of", "parse_int", "to_int": .int
        case "contains", "starts_with", "ends_with", "is_empty": .bool
        case "parse_float", "to_float": .float
        case "split", "lines": .array(.string)
        case "chars": .array(.char)
        default: .any
        }
    }
}
