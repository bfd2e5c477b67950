import HexaBytecode

/// The code of one function while it is compiled. Registers are a stack: variables of a scope, temporaries above them.
final class FunctionBuilder {
    let node: FunctionNode
    let file: SourceFile
    var function: BytecodeFunction
    private(set) var nextRegister = 0
    /// Some expression needed more registers than a frame has.
    private(set) var overflowed = false
    var loops: [Loop] = []
    private var lastOffset = -1
    private var lastPosition = SourcePosition(line: 0, column: 0)

    /// Jumps of a loop that wait for their target.
    struct Loop {
        var breaks: [Int] = []
        var continues: [Int] = []
    }

    init(_ node: FunctionNode, name: Int, file: Int) {
        self.node = node
        self.file = node.file
        function = BytecodeFunction(name: name, file: file)
    }

    var here: Int { function.code.count }

    @discardableResult
    func emit(_ instruction: Instruction, _ range: SourceRange) -> Int {
        if range.start != lastOffset {
            lastOffset = range.start
            lastPosition = file.position(of: range.start)
        }
        function.code.append(instruction)
        function.positions.append(lastPosition)
        return function.code.count - 1
    }

    @discardableResult
    func emit(
        _ opcode: Opcode, a: Int = 0, b: Int = 0, c: Int = 0, d: Int = 0, _ range: SourceRange
    ) -> Int {
        emit(Instruction(opcode, a: a, b: b, c: c, d: d), range)
    }

    /// Makes the jump at `index` go to `target`.
    func patch(_ index: Int, to target: Int) {
        function.code[index] = function.code[index].with(d: target - index - 1)
    }

    func patch(_ indices: [Int], to target: Int) {
        for index in indices { patch(index, to: target) }
    }

    func allocate(_ count: Int = 1) -> Int {
        let first = nextRegister
        guard first + count <= BytecodeLimits.registersMax else {
            overflowed = true
            return 0
        }
        nextRegister += count
        function.registerCount = max(function.registerCount, nextRegister)
        return first
    }

    /// Runs `body` and gives back the registers it took.
    func temporarily<Result>(_ body: () -> Result) -> Result {
        let mark = nextRegister
        defer { nextRegister = mark }
        return body()
    }

    /// The topmost register, which a call may use as the beginning of its arguments.
    func isTop(_ register: Int) -> Bool { register == nextRegister - 1 }
}
