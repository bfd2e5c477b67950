extension BytecodeModule {
    /// The module as a `.hxb` file; docs/bytecode.md describes the layout.
    public func encoded() -> [UInt8] {
        var body = ByteWriter()
        encodeTables(&body)
        encodeFunctions(&body)
        var file = ByteWriter()
        file.raw(ModuleFormat.magic)
        file.byte(UInt8(ModuleFormat.version))
        file.raw([0, 0, 0])
        file.fixed64(UInt64(body.bytes.count))
        file.fixed64(ModuleFormat.checksum(body.bytes, from: 0))
        file.raw(body.bytes)
        return file.bytes
    }

    private func encodeTables(_ writer: inout ByteWriter) {
        writer.varint(names.count)
        for name in names { writer.text(name) }
        writer.varint(files.count)
        for file in files { writer.text(file) }
        writer.varint(constants.count)
        for constant in constants {
            switch constant {
            case .int(let value):
                writer.byte(0)
                writer.fixed64(UInt64(bitPattern: value))
            case .float(let bits):
                writer.byte(1)
                writer.fixed64(bits)
            case .char(let scalar):
                writer.byte(2)
                writer.varint(Int(scalar))
            case .string(let text):
                writer.byte(3)
                writer.text(text)
            }
        }
        writer.varint(types.count)
        for type in types { encode(type, &writer) }
        writer.varint(nominals.count)
        for nominal in nominals { encode(nominal, &writer) }
        writer.varint(globalCount)
        writer.varint(entry)
        writer.varint(proofs.count)
        for proof in proofs {
            writer.varint(proof.name)
            writer.varint(proof.function)
        }
        writer.varint(needs.count)
        for need in needs {
            writer.text(need.operation)
            writer.text(need.target)
        }
    }

    private func encode(_ type: TypeDescriptor, _ writer: inout ByteWriter) {
        switch type {
        case .any: writer.byte(0)
        case .void: writer.byte(1)
        case .bool: writer.byte(2)
        case .int: writer.byte(3)
        case .float: writer.byte(4)
        case .char: writer.byte(5)
        case .string: writer.byte(6)
        case .array: writer.byte(7)
        case .tuple(let count):
            writer.byte(8)
            writer.varint(count)
        case .map: writer.byte(9)
        case .function: writer.byte(10)
        case .range: writer.byte(11)
        case .channel: writer.byte(12)
        case .nominal(let index):
            writer.byte(13)
            writer.varint(index)
        case .oneOf(let classes):
            writer.byte(14)
            writer.varint(classes.count)
            for receiver in classes { writer.varint(receiver.index) }
        }
    }

    private func encode(_ nominal: NominalType, _ writer: inout ByteWriter) {
        writer.varint(nominal.name)
        switch nominal.shape {
        case .structure(let fields):
            writer.byte(0)
            writer.varint(fields.count)
            for field in fields { writer.varint(field) }
        case .enumeration(let variants):
            writer.byte(1)
            writer.varint(variants.count)
            for variant in variants {
                writer.varint(variant.name)
                writer.varint(variant.payloadCount)
            }
        }
    }

    private func encodeFunctions(_ writer: inout ByteWriter) {
        writer.varint(functions.count)
        for function in functions {
            writer.varint(function.name)
            writer.varint(function.file)
            writer.varint(function.parameterCount)
            writer.varint(function.captureCount)
            writer.varint(function.registerCount)
            if let method = function.method {
                writer.byte(1)
                writer.varint(method.receiver.index)
                writer.varint(method.name)
            } else {
                writer.byte(0)
            }
            writer.varint(function.code.count)
            for instruction in function.code { writer.fixed64(instruction.bits) }
            encode(function.positions, &writer)
            writer.varint(function.handlers.count)
            for handler in function.handlers {
                writer.varint(handler.start)
                writer.varint(handler.end)
                writer.varint(handler.target)
                writer.varint(handler.register)
            }
        }
    }

    /// Runs of instructions with one position: count, line, column.
    private func encode(_ positions: [SourcePosition], _ writer: inout ByteWriter) {
        var runs: [(count: Int, position: SourcePosition)] = []
        for position in positions {
            if let last = runs.last, last.position == position {
                runs[runs.count - 1].count += 1
            } else {
                runs.append((1, position))
            }
        }
        writer.varint(runs.count)
        for run in runs {
            writer.varint(run.count)
            writer.varint(Int(run.position.line))
            writer.varint(Int(run.position.column))
        }
    }
}
