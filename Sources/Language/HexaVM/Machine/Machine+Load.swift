import HexaBytecode

extension Machine {
    // SAFETY: frames and function records that the machine points to live as long as its tasks and its program.

    /// Lays the module out for the interpreter. Globals below `firstNewGlobal` keep their values.
    func load(globalsFrom firstNewGlobal: Int) {
        loadFunctions()
        let newGlobals = ValueWindow.allocate(capacity: max(program.globalCount, 1))
        newGlobals.update(from: globals, count: firstNewGlobal)
        globals.deallocate()
        globals = newGlobals
        globalCount = program.globalCount
        loadConstants()
        methods = MethodTable(program)
        loadBuiltinMethods()
        loadFields()
        loadTypes()
    }

    private func loadTypes() {
        typeMasks.deallocate()
        typeMasks = .allocate(capacity: max(program.types.count, 1))
        for (index, type) in program.types.enumerated() { typeMasks[index] = type.tagMask }
    }

    private func loadFunctions() {
        functions.deallocate()
        code.deallocate()
        functionCount = program.functions.count
        functions = .allocate(capacity: max(functionCount, 1))
        code = .allocate(capacity: max(program.functions.reduce(0) { $0 + $1.code.count }, 1))
        var next = code
        for (index, function) in program.functions.enumerated() {
            functions[index] = FunctionRecord(
                code: next, registerCount: Int32(function.registerCount),
                parameterCount: Int32(function.parameterCount),
                captureCount: Int32(function.captureCount), index: Int32(index)
            )
            for instruction in function.code {
                next.instruction = instruction.bits
                next += 1
            }
        }
    }

    private func loadConstants() {
        constants.deallocate()
        constantCount = 0
        constants = .allocate(capacity: max(program.constants.count, 1))
        for constant in program.constants {
            constants[constantCount] =
                switch constant {
                case .int(let value): .int(Int(value))
                case .float(let bits): Value(tag: Tag.float, bits: bits)
                case .char(let scalar): .char(scalar)
                case .string(let text): heap.newString(text).map { .object(Tag.string, $0) } ?? .void
                }
            constantCount += 1
        }
    }

    private func loadBuiltinMethods() {
        var byName: [[UInt8]: UInt8] = [:]
        for method in BuiltinMethod.allCases { byName[method.nameBytes] = method.rawValue }
        builtinMethods = program.names.map { byName[$0] ?? 255 }
    }

    private func loadFields() {
        fieldTable.deallocate()
        fieldNames.deallocate()
        fieldTable = .allocate(capacity: max(program.nominals.count, 1))
        var names: [Int] = []
        for (index, nominal) in program.nominals.enumerated() {
            var fields: [Int] = []
            if case .structure(let structFields) = nominal.shape { fields = structFields }
            fieldTable[index] = (names.count, fields.count)
            names += fields
        }
        fieldNames = .allocate(capacity: max(names.count, 1))
        for (index, name) in names.enumerated() { fieldNames[index] = name }
    }

    /// Prepares `task` to call a function without arguments.
    func start(function index: Int) {
        task.frame.pointee = Frame(function: functions + index, closure: 0, base: task.stack, pc: functions[index].code)
        _ = heap.reserve(bytes: task.allocatedBytes)
        resume(task)
    }

    /// Makes `next` the running task.
    func resume(_ next: ProgramTask) {
        task = next
        frame = next.frame
        base = frame.pointee.base
        pc = frame.pointee.pc
        stackEnd = next.stack + next.stackCapacity
        lastFrame = next.frames + (next.frameCapacity - 1)
    }

    /// Keeps the running task's position in the task.
    func suspend() {
        frame.pointee.pc = pc
        task.frame = frame
    }

    func makeMemoryError() {
        guard let kind = heap.newString(ErrorKind.memory.nameBytes),
            let message = heap.newString(Array("the program's memory quota is used up".utf8)),
            let error = heap.newAggregate(Tag.error, count: 4)
        else { return }
        error.values[0] = .object(Tag.string, kind)
        error.values[1] = .object(Tag.string, message)
        error.values[2] = .int(0)
        error.values[3] = .int(0)
        memoryError = .object(Tag.error, error)
    }
}

extension ErrorKind {
    var nameBytes: [UInt8] { name.withUTF8Buffer { [UInt8]($0) } }
}

extension TypeDescriptor {
    /// Tags of values that conform, as bits; none where the tag alone does not decide.
    fileprivate var tagMask: UInt64 {
        switch self {
        case .any: .max
        case .void: 1 << Tag.void
        case .bool: 1 << Tag.bool
        case .int: 1 << Tag.int
        case .float: 1 << Tag.float
        case .char: 1 << Tag.char
        case .string: 1 << Tag.string
        case .array: 1 << Tag.array
        case .map: 1 << Tag.map
        case .function: 1 << Tag.function | 1 << Tag.closure | 1 << Tag.builtin
        case .range: 1 << Tag.range
        case .channel: 1 << Tag.channel
        case .tuple, .nominal, .oneOf: 0
        }
    }
}
