import HexaBytecode

extension Machine {
    // SAFETY: frames and function records that the machine points to live as long as its tasks and its program.

    /// Raises an error of the running instruction. Always false, so that helpers can return it.
    func fail(_ kind: ErrorKind, _ message: String) -> Bool { fail(kind, Array(message.utf8)) }

    func fail(_ kind: ErrorKind, _ message: [UInt8]) -> Bool {
        let position = currentPosition
        guard let kindText = heap.newString(kind.nameBytes), let text = heap.newString(message),
            let error = heap.newAggregate(Tag.error, count: 4)
        else {
            thrown = memoryError
            return false
        }
        error.values[0] = .object(Tag.string, kindText)
        error.values[1] = .object(Tag.string, text)
        error.values[2] = .int(Int(position.line))
        error.values[3] = .int(Int(position.column))
        thrown = .object(Tag.error, error)
        return false
    }

    /// Source position of the running instruction, or of the call to the library function it belongs to.
    var currentPosition: SourcePosition {
        var current = frame
        var pc = self.pc
        while current > task.frames, isInternal(current) {
            current -= 1
            pc = current.pointee.pc
        }
        return position(of: current, pc: pc)
    }

    /// Library functions written in the language belong to a file in parentheses.
    private func isInternal(_ frame: UnsafeMutablePointer<Frame>) -> Bool {
        let function = program.functions[Int(frame.pointee.function.pointee.index)]
        return program.files[function.file].first == UInt8(ascii: "(")
    }

    private func position(of frame: UnsafeMutablePointer<Frame>, pc: CodePointer) -> SourcePosition {
        let record = frame.pointee.function.pointee
        let function = program.functions[Int(record.index)]
        let offset = pc - record.code - 1
        guard function.positions.indices.contains(offset) else { return SourcePosition(line: 0, column: 0) }
        return function.positions[offset]
    }

    /// Finds the handler of `thrown` and goes there; false when no frame of the task has one.
    func unwind() -> Bool {
        frame.pointee.pc = pc
        var candidate = frame
        while true {
            let record = candidate.pointee.function.pointee
            let offset = candidate.pointee.pc - record.code - 1
            for handler in program.functions[Int(record.index)].handlers
            where handler.start <= offset && offset < handler.end {
                frame = candidate
                base = candidate.pointee.base
                pc = record.code + handler.target
                base[handler.register] = thrown
                thrown = .void
                return true
            }
            if candidate == task.frames { return false }
            candidate -= 1
        }
    }

    /// Describes `thrown`, which was not caught.
    func failure() -> ProgramFailure {
        var trace: [ProgramFailure.TraceEntry] = []
        var current = frame
        current.pointee.pc = pc
        while trace.count < ProgramFailure.traceEntriesMax {
            if current > task.frames, isInternal(current) {
                current -= 1
                continue
            }
            let function = program.functions[Int(current.pointee.function.pointee.index)]
            trace.append(
                .init(
                    function: program.names[function.name], file: program.files[function.file],
                    position: position(of: current, pc: current.pointee.pc)
                ))
            if current == task.frames { break }
            current -= 1
        }
        guard thrown.tag == Tag.error else {
            return ProgramFailure(kind: Array("thrown".utf8), message: text(of: thrown), trace: trace)
        }
        let error = thrown.object
        return ProgramFailure(kind: text(of: error.values[0]), message: text(of: error.values[1]), trace: trace)
    }

    /// What the kind of a value is called in messages and by `type_of`.
    func typeName(_ value: Value) -> String {
        switch value.tag {
        case Tag.void: "void"
        case Tag.bool: "bool"
        case Tag.int: "int"
        case Tag.float: "float"
        case Tag.char: "char"
        case Tag.string: "string"
        case Tag.array: "array"
        case Tag.tuple: "tuple"
        case Tag.map: "map"
        case Tag.function, Tag.builtin, Tag.closure: "fn"
        case Tag.range: "range"
        case Tag.error: "error"
        case Tag.channel: "channel"
        case Tag.handle: "handle"
        case Tag.structure, Tag.variant: nominalName(Int(value.object.detail))
        case Tag.unitVariant: nominalName(value.unitVariantType)
        default: "cell"
        }
    }

    func nominalName(_ index: Int) -> String {
        String(decoding: program.names[program.nominals[index].name], as: UTF8.self)
    }

    func name(_ index: Int) -> String { String(decoding: program.names[index], as: UTF8.self) }

    /// What methods of a value are looked up under.
    func receiverClass(of value: Value) -> Int {
        switch value.tag {
        case Tag.void: ReceiverClass.void.index
        case Tag.bool: ReceiverClass.bool.index
        case Tag.int: ReceiverClass.int.index
        case Tag.float: ReceiverClass.float.index
        case Tag.char: ReceiverClass.char.index
        case Tag.string: ReceiverClass.string.index
        case Tag.array: ReceiverClass.array.index
        case Tag.tuple: ReceiverClass.tuple.index
        case Tag.map: ReceiverClass.map.index
        case Tag.range: ReceiverClass.range.index
        case Tag.channel: ReceiverClass.channel.index
        case Tag.error: ReceiverClass.error.index
        case Tag.structure, Tag.variant: ReceiverClass.builtinCount + Int(value.object.detail)
        case Tag.unitVariant: ReceiverClass.builtinCount + value.unitVariantType
        case Tag.handle: ReceiverClass.handle.index
        default: ReceiverClass.function.index
        }
    }
}
