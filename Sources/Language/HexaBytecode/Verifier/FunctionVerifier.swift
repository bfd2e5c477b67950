/// Proves one function: its header, each instruction by the operand layout of its opcode, and its handlers.
struct FunctionVerifier {
    let module: BytecodeModule
    let index: Int
    let function: BytecodeFunction

    init(module: BytecodeModule, index: Int) {
        self.module = module
        self.index = index
        function = module.functions[index]
    }

    func verify() throws(VerificationError) {
        try verifyHeader(function)
        for (offset, instruction) in function.code.enumerated() {
            guard let opcode = instruction.opcode else {
                throw failure(.unknownOpcode(instruction.operation), offset)
            }
            let layout = opcode.layout
            try verify(instruction.a, layout.a, instruction, offset)
            try verify(instruction.b, layout.b, instruction, offset)
            try verify(instruction.c, layout.c, instruction, offset)
            try verify(instruction.d, layout.d, instruction, offset)
            try verifySpan(layout.span, instruction, offset)
            try verifyArity(opcode, instruction, offset)
            if offset == function.code.count - 1, !layout.endsFlow { throw failure(.fallsOffTheEnd, offset) }
        }
        for (number, handler) in function.handlers.enumerated() {
            guard 0 <= handler.start, handler.start <= handler.end, handler.end <= function.code.count,
                handler.target >= 0, handler.target < function.code.count,
                handler.register >= 0, handler.register < function.registerCount
            else { throw failure(.badHandler(number), nil) }
        }
    }

    private func failure(_ reason: VerificationError.Reason, _ instruction: Int?) -> VerificationError {
        VerificationError(reason, function: index, instruction: instruction)
    }

    private func verifyHeader(_ function: BytecodeFunction) throws(VerificationError) {
        guard function.name >= 0, function.name < module.names.count else {
            throw failure(.badIndex(table: .name, index: function.name), nil)
        }
        guard function.file >= 0, function.file < module.files.count else {
            throw failure(.badIndex(table: .file, index: function.file), nil)
        }
        guard 1...BytecodeLimits.registersMax ~= function.registerCount else {
            throw failure(.badRegisterCount(function.registerCount), nil)
        }
        guard 0...min(function.registerCount, BytecodeLimits.argumentsMax) ~= function.parameterCount,
            0...BytecodeLimits.registersMax ~= function.captureCount
        else { throw failure(.badParameterCount(function.parameterCount), nil) }
        guard !function.code.isEmpty else { throw failure(.emptyFunction, nil) }
        guard function.code.count <= BytecodeLimits.instructionsMax else { throw failure(.tooManyInstructions, nil) }
        guard function.positions.count == function.code.count else { throw failure(.positionsMissing, nil) }
        if let method = function.method {
            guard function.parameterCount > 0, function.captureCount == 0,
                0..<module.names.count ~= method.name,
                0..<ReceiverClass.builtinCount + module.nominals.count ~= method.receiver.index
            else { throw failure(.badMethod, nil) }
        }
    }

    private func verify(
        _ value: Int, _ kind: OperandKind, _ instruction: Instruction, _ offset: Int
    ) throws(VerificationError) {
        switch kind {
        case .unused: guard value == 0 else { throw failure(.unusedOperandNotZero, offset) }
        case .register: try verifyRegister(value, offset)
        case .immediate, .immediateHalf: break
        case .flag: guard value == 0 || value == 1 else { throw failure(.badFlag(value), offset) }
        case .count: guard 0...BytecodeLimits.argumentsMax ~= value else { throw failure(.badCount(value), offset) }
        case .constant: try verifyIndex(value, .constant, module.constants.count, offset)
        case .function: try verifyIndex(value, .function, module.functions.count, offset)
        case .global: try verifyIndex(value, .global, module.globalCount, offset)
        case .name: try verifyIndex(value, .name, module.names.count, offset)
        case .type: try verifyIndex(value, .type, module.types.count, offset)
        case .nominal: try verifyIndex(value, .nominal, module.nominals.count, offset)
        case .capture: try verifyIndex(value, .capture, function.captureCount, offset)
        case .variant: try verifyVariant(value, nominal: instruction.d, offset)
        case .builtin: try verifyIndex(value, .builtin, Builtin.allCases.count, offset)
        case .kernelCall: try verifyIndex(value, .kernelCall, KernelCall.allCases.count, offset)
        case .jump:
            let target = offset + 1 + value
            guard 0..<function.code.count ~= target else { throw failure(.jumpOutOfBounds(target), offset) }
        }
    }

    private func verifyRegister(_ register: Int, _ offset: Int) throws(VerificationError) {
        guard register < function.registerCount else { throw failure(.registerOutOfBounds(register), offset) }
    }

    private func verifyIndex(
        _ value: Int, _ table: ModuleTable, _ count: Int, _ offset: Int
    ) throws(VerificationError) {
        guard value >= 0, value < count else { throw failure(.badIndex(table: table, index: value), offset) }
    }

    private func verifyVariant(_ variant: Int, nominal: Int, _ offset: Int) throws(VerificationError) {
        try verifyIndex(nominal, .nominal, module.nominals.count, offset)
        guard case .enumeration(let variants) = module.nominals[nominal].shape else {
            throw failure(.wrongShape, offset)
        }
        try verifyIndex(variant, .variant, variants.count, offset)
    }

    private func verifySpan(_ span: RegisterSpan, _ instruction: Instruction, _ offset: Int) throws(VerificationError) {
        func end(_ register: Int, _ count: Int) throws(VerificationError) {
            let last = register + count - 1
            guard count == 0 || last < function.registerCount else { throw failure(.registerOutOfBounds(last), offset) }
        }
        switch span {
        case .none: break
        case .fromB: try end(instruction.b, instruction.c)
        case .arguments: try end(instruction.a, instruction.b)
        case .calleeAndArguments: try end(instruction.a, instruction.b + 1)
        case .captures: try end(instruction.b, module.functions[instruction.d].captureCount)
        case .fields:
            guard case .structure(let fields) = module.nominals[instruction.d].shape else {
                throw failure(.wrongShape, offset)
            }
            try end(instruction.b, fields.count)
        case .payload:
            guard case .enumeration(let variants) = module.nominals[instruction.d].shape else {
                throw failure(.wrongShape, offset)
            }
            try end(instruction.b, variants[instruction.c].payloadCount)
        case .loop: try end(instruction.a, 3)
        case .pairLoop: try end(instruction.a, 4)
        case .select:
            try end(instruction.a, 2)
            try end(instruction.b, instruction.c)
        }
    }

    private func verifyArity(_ opcode: Opcode, _ instruction: Instruction, _ offset: Int) throws(VerificationError) {
        func require(_ signature: CallSignature) throws(VerificationError) {
            guard signature.accepts(instruction.b) else {
                throw failure(.wrongArgumentCount(expected: signature.argumentsMin, got: instruction.b), offset)
            }
        }
        switch opcode {
        case .call:
            let callee = module.functions[instruction.d]
            guard callee.captureCount == 0 else { throw failure(.capturesMissing, offset) }
            guard callee.parameterCount == instruction.b else {
                throw failure(.wrongArgumentCount(expected: callee.parameterCount, got: instruction.b), offset)
            }
        case .loadFunction:
            guard module.functions[instruction.d].captureCount == 0 else { throw failure(.capturesMissing, offset) }
        case .callMethod: guard instruction.b > 0 else { throw failure(.badCount(0), offset) }
        case .callBuiltin: try require(Builtin.allCases[instruction.d].signature)
        case .callKernel: try require(KernelCall.allCases[instruction.d].signature)
        case .isStruct:
            guard case .structure = module.nominals[instruction.d].shape else { throw failure(.wrongShape, offset) }
        default: break
        }
    }
}
