extension BytecodeModule {
    /// The module as text, for people: tables, then every function with its instructions.
    public func disassembly() -> String {
        var text = ""
        for (index, function) in functions.enumerated() {
            text += "fn \(index) \(name(function.name))"
            text += " parameters=\(function.parameterCount) captures=\(function.captureCount)"
            text += " registers=\(function.registerCount)"
            if index == entry { text += " entry" }
            text += "\n"
            for (offset, instruction) in function.code.enumerated() {
                text += Self.padded("\(offset)", 5) + "  "
                let position = offset < function.positions.count ? function.positions[offset] : nil
                text += Self.padded(position.map { "\($0.line):\($0.column)" } ?? "", 7) + "  "
                text += line(of: instruction, at: offset) + "\n"
            }
            for handler in function.handlers {
                text += "       catch \(handler.start)..<\(handler.end) -> \(handler.target) r\(handler.register)\n"
            }
            text += "\n"
        }
        return text
    }

    /// One instruction: mnemonic, operands in order, and what the last one refers to.
    public func line(of instruction: Instruction, at offset: Int) -> String {
        guard let opcode = instruction.opcode else { return "byte \(instruction.operation)" }
        let layout = opcode.layout
        var text = opcode.mnemonic
        while text.utf8.count < 22 { text += " " }
        var operands: [String] = []
        if layout.b == .immediateHalf {
            operands = [operand(instruction.a, layout.a, offset), "\(instruction.immediate)"]
        } else {
            for (value, kind) in [(instruction.a, layout.a), (instruction.b, layout.b), (instruction.c, layout.c)]
            where kind != .unused {
                operands.append(operand(value, kind, offset))
            }
        }
        if layout.d != .unused { operands.append(operand(instruction.d, layout.d, offset)) }
        for (index, part) in operands.enumerated() {
            text += index == 0 ? part : ", " + part
        }
        return text
    }

    private func operand(_ value: Int, _ kind: OperandKind, _ offset: Int) -> String {
        switch kind {
        case .register: "r\(value)"
        case .constant: "k\(value)" + (constants.indices.contains(value) ? " ; \(text(of: constants[value]))" : "")
        case .function: "f\(value)" + (functions.indices.contains(value) ? " ; \(name(functions[value].name))" : "")
        case .name: "n\(value) ; \(name(value))"
        case .nominal: "t\(value)" + (nominals.indices.contains(value) ? " ; \(name(nominals[value].name))" : "")
        case .jump: "-> \(offset + 1 + value)"
        case .builtin:
            Builtin.allCases.indices.contains(value) ? "\(Builtin.allCases[value].signature.name)" : "builtin \(value)"
        case .kernelCall:
            KernelCall.allCases.indices.contains(value)
                ? "\(KernelCall.allCases[value].signature.name)" : "kernel \(value)"
        case .global: "g\(value)"
        default: "\(value)"
        }
    }

    private func name(_ index: Int) -> String {
        names.indices.contains(index) ? String(decoding: names[index], as: UTF8.self) : "?"
    }

    private func text(of constant: Constant) -> String {
        switch constant {
        case .int(let value): "\(value)"
        case .float(let bits): FloatText.text(of: Double(bitPattern: bits))
        case .char(let scalar): "U+" + String(scalar, radix: 16, uppercase: true)
        case .string(let bytes):
            "\"" + String(decoding: bytes.prefix(40).map { $0 < 32 ? 46 : $0 }, as: UTF8.self) + "\""
        }
    }

    private static func padded(_ text: String, _ width: Int) -> String {
        var padded = text
        while padded.utf8.count < width { padded = " " + padded }
        return padded
    }
}
