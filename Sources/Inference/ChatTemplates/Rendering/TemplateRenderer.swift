/// One rendering of a template: its variables, its output and what it may still spend.
struct TemplateRenderer {
    let macros: [TemplateMacro]
    let time: CivilTime?
    private(set) var output: [UInt8] = []
    private(set) var frames: [Frame]
    private(set) var loops: [LoopState] = []
    private(set) var namespaces: [TemplateObject] = []
    private let outputByteCountMax: Int
    private var fuel = TemplateLimits.fuelMax
    private var depth = 0

    /// The variables of one scope.
    struct Frame {
        var variables: [(name: String, value: TemplateValue)] = []
        /// The frame to look in next: the one below, or, for a macro, where it was defined. -1 ends the search.
        var parent: Int
    }

    /// What `loop` knows.
    struct LoopState {
        var elements: [TemplateValue]
        var index = 0
    }

    enum Flow { case next, breakLoop, continueLoop }

    init(
        macros: [TemplateMacro], globals: [(name: String, value: TemplateValue)], time: CivilTime?,
        outputByteCountMax: Int
    ) {
        self.macros = macros
        self.time = time
        self.outputByteCountMax = outputByteCountMax
        frames = [Frame(variables: globals, parent: -1)]
    }
}

// MARK: - Bounds

extension TemplateRenderer {
    /// Pays for one step, `steps` more, and work on `bytes` bytes of text.
    mutating func charge(steps: Int = 0, bytes: Int = 0, line: Int) throws(TemplateError) {
        fuel -= 1 + steps + bytes / TemplateLimits.bytesPerStep
        guard fuel > 0 else { throw TemplateError(line: line, problem: .limit("steps")) }
    }

    mutating func enter(line: Int) throws(TemplateError) {
        depth += 1
        guard depth <= TemplateLimits.renderDepthMax else {
            throw TemplateError(line: line, problem: .limit("depth"))
        }
        try charge(line: line)
    }

    mutating func leave() { depth -= 1 }

    /// Pays for a new string, which must not be longer than allowed.
    mutating func checked(_ bytes: [UInt8], line: Int) throws(TemplateError) -> TemplateValue {
        guard bytes.count <= TemplateLimits.stringByteCountMax else {
            throw TemplateError(line: line, problem: .limit("string bytes"))
        }
        try charge(bytes: bytes.count, line: line)
        return .string(bytes)
    }

    /// `str(value)`
    mutating func text(_ value: TemplateValue, line: Int) throws(TemplateError) -> [UInt8] {
        if case .string(let bytes) = value { return bytes }
        var printer = TemplatePrinter()
        printer.printText(value)
        guard !printer.exceedsLimits else { throw TemplateError(line: line, problem: .limit("printed values")) }
        try charge(bytes: printer.bytes.count, line: line)
        return printer.bytes
    }

    private mutating func write(_ bytes: [UInt8], line: Int) throws(TemplateError) {
        guard output.count + bytes.count <= outputByteCountMax else {
            throw TemplateError(line: line, problem: .outputTooLong(byteCountMax: outputByteCountMax))
        }
        try charge(bytes: bytes.count, line: line)
        guard output.count + bytes.count <= TemplateLimits.stringByteCountMax else {
            throw TemplateError(line: line, problem: .limit("output bytes"))
        }
        output += bytes
    }
}

// MARK: - Variables

extension TemplateRenderer {
    /// The variable, or else the function, called `name`.
    mutating func lookUp(_ name: String, line: Int) throws(TemplateError) -> TemplateValue {
        var frame = frames.count - 1
        var passed = 0
        while frame >= 0 {
            for (index, variable) in frames[frame].variables.enumerated() where variable.name == name {
                passed += index
                // Few variables cost next to nothing to pass by; a template that makes many pays for them.
                if passed > 64 { try charge(steps: passed / 16, line: line) }
                return variable.value
            }
            passed += frames[frame].variables.count
            frame = frames[frame].parent
        }
        if passed > 64 { try charge(steps: passed / 16, line: line) }
        guard let function = TemplateFunction(rawValue: name), function != .strftimeNow || time != nil else {
            return .undefined
        }
        return .reference(TemplateReference(kind: .function(function)))
    }

    mutating func assign(_ value: TemplateValue, to name: String, line: Int) throws(TemplateError) {
        let top = frames.count - 1
        for index in frames[top].variables.indices where frames[top].variables[index].name == name {
            frames[top].variables[index].value = value
            return
        }
        guard frames[top].variables.count < TemplateLimits.variableCountMax else {
            throw TemplateError(line: line, problem: .limit("variables"))
        }
        frames[top].variables.append((name, value))
    }

    private mutating func assign(_ value: TemplateValue, to target: TemplateTarget, line: Int) throws(TemplateError) {
        switch target {
        case .variable(let name):
            try assign(value, to: name, line: line)
        case .attribute(let variable, let name):
            guard case .reference(let reference) = try lookUp(variable, line: line),
                case .namespace(let index) = reference.kind
            else {
                throw TemplateError(line: line, problem: .type("only a namespace's attributes can be set"))
            }
            namespaces[index][name] = value
        }
    }

    mutating func makeNamespace(_ attributes: TemplateObject) -> TemplateValue {
        namespaces.append(attributes)
        return .reference(TemplateReference(kind: .namespace(index: namespaces.count - 1)))
    }
}

// MARK: - Statements

extension TemplateRenderer {
    mutating func run(_ body: [TemplateStatement]) throws(TemplateError) -> Flow {
        for statement in body {
            let flow = try run(statement)
            if flow != .next { return flow }
        }
        return .next
    }

    private mutating func run(_ statement: TemplateStatement) throws(TemplateError) -> Flow {
        switch statement {
        case .text(let bytes):
            try write(bytes, line: 0)
        case .output(let expression):
            try write(try text(try evaluate(expression), line: expression.line), line: expression.line)
        case .conditional(let branches, let otherwise):
            return try runConditional(branches, otherwise)
        case .loop(let loop):
            try run(loop)
        case .assign(let targets, let expression):
            try runAssignment(targets, expression)
        case .assignBlock(let target, let filters, let body, let line):
            let text = try capture(body, line: line)
            try assign(try apply(filters, to: .string(text), line: line), to: target, line: line)
        case .macro(let index):
            let macro = TemplateReference(kind: .macro(index: index, frame: 0))
            try assign(.reference(macro), to: macros[index].name, line: 0)
        case .callBlock(let call, let index):
            try runCallBlock(call, caller: index)
        case .filterBlock(let filters, let body, let line):
            let filtered = try apply(filters, to: .string(try capture(body, line: line)), line: line)
            try write(try text(filtered, line: line), line: line)
        case .breakLoop: return .breakLoop
        case .continueLoop: return .continueLoop
        }
        return .next
    }

    private mutating func runConditional(
        _ branches: [(condition: TemplateExpression, body: [TemplateStatement])], _ otherwise: [TemplateStatement]
    ) throws(TemplateError) -> Flow {
        let line = branches.first?.condition.line ?? 0
        try enter(line: line)
        defer { leave() }
        for branch in branches where try evaluate(branch.condition).isTrue { return try run(branch.body) }
        return try run(otherwise)
    }

    private mutating func runAssignment(
        _ targets: [TemplateTarget], _ expression: TemplateExpression
    ) throws(TemplateError) {
        let value = try evaluate(expression)
        if targets.count == 1 { return try assign(value, to: targets[0], line: expression.line) }
        guard case .list(let elements) = value, elements.count == targets.count else {
            throw TemplateError(line: expression.line, problem: .type("expected \(targets.count) values to unpack"))
        }
        for (target, element) in zip(targets, elements) { try assign(element, to: target, line: expression.line) }
    }

    /// The text that a body writes. What it assigns stays inside.
    mutating func capture(_ body: [TemplateStatement], line: Int) throws(TemplateError) -> [UInt8] {
        try enter(line: line)
        defer { leave() }
        let outer = output
        output = []
        frames.append(Frame(parent: frames.count - 1))
        let flow = try run(body)
        frames.removeLast()
        let inner = output
        output = outer
        guard flow == .next else {
            throw TemplateError(line: line, problem: .unsupported("leaving a loop from inside a block"))
        }
        return inner
    }

    private mutating func apply(
        _ filters: [TemplateFilterCall], to value: TemplateValue, line: Int
    ) throws(TemplateError) -> TemplateValue {
        var value = value
        for filter in filters {
            value = try applyFilter(filter.name, to: value, try evaluate(filter.arguments), line: line)
        }
        return value
    }
}

// MARK: - Loops

extension TemplateRenderer {
    private mutating func run(_ loop: TemplateLoop) throws(TemplateError) {
        try enter(line: loop.line)
        defer { leave() }
        let all = try elements(of: try evaluate(loop.iterable), line: loop.line)
        let elements = try filtered(all, loop)
        guard !elements.isEmpty else {
            guard try run(loop.otherwise) == .next else {
                throw TemplateError(line: loop.line, problem: .syntax("'break' outside of a loop"))
            }
            return
        }
        loops.append(LoopState(elements: elements))
        let reference = TemplateValue.reference(TemplateReference(kind: .loop(index: loops.count - 1)))
        let state = loops.count - 1
        for (index, element) in elements.enumerated() {
            loops[state].index = index
            frames.append(Frame(variables: [("loop", reference)], parent: frames.count - 1))
            try bind(element, to: loop.targets, line: loop.line)
            let flow = try run(loop.body)
            frames.removeLast()
            try charge(line: loop.line)
            if flow == .breakLoop { break }
        }
        loops.removeLast()
    }

    private mutating func filtered(
        _ elements: [TemplateValue], _ loop: TemplateLoop
    ) throws(TemplateError) -> [TemplateValue] {
        guard let condition = loop.condition else { return elements }
        var kept: [TemplateValue] = []
        for element in elements {
            frames.append(Frame(parent: frames.count - 1))
            try bind(element, to: loop.targets, line: loop.line)
            if try evaluate(condition).isTrue { kept.append(element) }
            frames.removeLast()
        }
        return kept
    }

    private mutating func bind(_ element: TemplateValue, to targets: [String], line: Int) throws(TemplateError) {
        guard targets.count > 1 else { return try assign(element, to: targets[0], line: line) }
        guard case .list(let parts) = element, parts.count == targets.count else {
            throw TemplateError(line: line, problem: .type("expected \(targets.count) values to unpack"))
        }
        for (target, part) in zip(targets, parts) { try assign(part, to: target, line: line) }
    }

    /// What a loop goes over: a list's elements, an object's keys, a string's characters.
    mutating func elements(of value: TemplateValue, line: Int) throws(TemplateError) -> [TemplateValue] {
        switch value {
        case .list(let elements):
            try charge(steps: elements.count / 16, line: line)
            return elements
        case .object(let object):
            try charge(steps: object.entries.count, line: line)
            return object.entries.map { .string($0.key) }
        case .string(let text):
            try charge(steps: text.count, line: line)
            let offsets = TemplateText.characterOffsets(text)
            return zip(offsets, offsets.dropFirst()).map { .string(Array(text[$0..<$1])) }
        case .undefined:
            return []
        case .null, .boolean, .integer, .float, .reference:
            throw TemplateError(line: line, problem: .type("a value of type " + value.typeName + " has no elements"))
        }
    }
}

// MARK: - Macros

extension TemplateRenderer {
    mutating func call(
        _ index: Int, definedIn frame: Int, _ arguments: EvaluatedArguments, caller: TemplateValue? = nil, line: Int
    ) throws(TemplateError) -> TemplateValue {
        try enter(line: line)
        defer { leave() }
        let macro = macros[index]
        guard arguments.positional.count <= macro.parameters.count else {
            throw TemplateError(line: line, problem: .type("too many arguments for macro '" + macro.name + "'"))
        }
        frames.append(Frame(parent: frame))
        if let caller { try assign(caller, to: "caller", line: line) }
        for (position, parameter) in macro.parameters.enumerated() {
            let value: TemplateValue
            if let argument = arguments.value(position, parameter.name) {
                value = argument
            } else if let defaultValue = parameter.defaultValue {
                value = try evaluate(defaultValue)
            } else {
                value = .undefined
            }
            try assign(value, to: parameter.name, line: line)
        }
        let text = try capture(macro.body, line: line)
        frames.removeLast()
        return .string(text)
    }

    private mutating func runCallBlock(_ call: TemplateExpression, caller index: Int) throws(TemplateError) {
        guard case .call(let callee, let arguments) = call.kind,
            case .reference(let reference) = try evaluate(callee),
            case .macro(let macro, let frame) = reference.kind
        else {
            throw TemplateError(line: call.line, problem: .type("a 'call' block calls a macro"))
        }
        let caller = TemplateReference(kind: .macro(index: index, frame: frames.count - 1))
        let text = try self.call(
            macro, definedIn: frame, try evaluate(arguments), caller: .reference(caller),
            line: call.line)
        try write(try self.text(text, line: call.line), line: call.line)
    }
}
