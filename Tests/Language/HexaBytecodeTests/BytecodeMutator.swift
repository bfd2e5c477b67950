import HexaBytecode
import TestSupport

/// Damages modules the way a hostile author would: files whose checksum is right, instructions that make some sense.
struct BytecodeMutator {
    var random: SplitMix64

    /// A file with some bytes changed, cut or repeated, and its header made to fit.
    mutating func damagedFile(_ file: [UInt8]) -> [UInt8] {
        var body = Array(file.dropFirst(ModuleFormat.headerBytes))
        for _ in 0...random.below(4) where !body.isEmpty {
            let index = random.below(body.count)
            switch random.below(6) {
            case 0: body[index] = UInt8(truncatingIfNeeded: random.next())
            case 1: body[index] ^= 1 << UInt8(random.below(8))
            case 2: body[index] = [0, 1, 0x7F, 0x80, 0xFF][random.below(5)]
            case 3: body.removeSubrange(index..<min(index + 1 + random.below(8), body.count))
            case 4: body.insert(UInt8(truncatingIfNeeded: random.next()), at: index)
            default: body.append(contentsOf: body[index..<min(index + 8, body.count)])
            }
        }
        return sealed(body)
    }

    /// The body under a header that states its length and checksum.
    private func sealed(_ body: [UInt8]) -> [UInt8] {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in body { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        var file = ModuleFormat.magic + [UInt8(ModuleFormat.version), 0, 0, 0]
        for value in [UInt64(body.count), hash] {
            for shift in stride(from: UInt64(0), to: 64, by: 8) {
                file.append(UInt8(truncatingIfNeeded: value >> shift))
            }
        }
        return file + body
    }

    /// A module with a few instructions, handlers or header fields changed.
    mutating func mutated(_ module: BytecodeModule) -> BytecodeModule {
        var module = module
        for _ in 0...random.below(3) {
            let index = random.below(module.functions.count)
            guard !module.functions[index].code.isEmpty else { continue }
            mutate(&module.functions[index], module)
        }
        return module
    }

    private mutating func mutate(_ function: inout BytecodeFunction, _ module: BytecodeModule) {
        let offset = random.below(function.code.count)
        switch random.below(12) {
        case 0: function.code[offset] = Instruction(bits: random.next())
        case 1: function.code.swapAt(offset, random.below(function.code.count))
        case 2: function.handlers.append(handler(function))
        case 3: function.registerCount = 1 + random.below(BytecodeLimits.registersMax + 3)
        case 4: function.parameterCount = random.below(6)
        case 5: function.captureCount = random.below(4)
        default: function.code[offset] = plausible(function, module)
        }
    }

    private mutating func handler(_ function: BytecodeFunction) -> ExceptionHandler {
        let start = random.below(function.code.count)
        return ExceptionHandler(
            start: start, end: start + random.below(function.code.count - start + 1),
            target: random.below(function.code.count), register: random.below(function.registerCount)
        )
    }

    /// An instruction whose operands mostly lie in range, so that most survive the verifier and run.
    private mutating func plausible(_ function: BytecodeFunction, _ module: BytecodeModule) -> Instruction {
        let opcode = Opcode.allCases[random.below(Opcode.allCases.count)]
        let layout = opcode.layout
        let d = operand(layout.d, function, module)
        return Instruction(
            opcode, a: operand(layout.a, function, module), b: operand(layout.b, function, module),
            c: operand(layout.c, function, module), d: d
        )
    }

    private mutating func operand(_ kind: OperandKind, _ function: BytecodeFunction, _ module: BytecodeModule) -> Int {
        switch kind {
        case .unused: 0
        case .register: random.below(function.registerCount)
        case .immediate: random.below(8) == 0 ? Int(Int32(truncatingIfNeeded: random.next())) : random.below(20) - 5
        case .immediateHalf: random.below(256)
        case .flag: random.below(2)
        case .count: random.below(4)
        case .constant: random.below(module.constants.count)
        case .function: random.below(module.functions.count)
        case .global: random.below(module.globalCount)
        case .name: random.below(module.names.count)
        case .type: random.below(module.types.count)
        case .nominal: random.below(module.nominals.count)
        case .capture: random.below(function.captureCount)
        case .variant: random.below(3)
        case .builtin: random.below(Builtin.allCases.count)
        case .kernelCall: random.below(KernelCall.allCases.count)
        case .jump: random.below(function.code.count * 2) - function.code.count
        }
    }
}
