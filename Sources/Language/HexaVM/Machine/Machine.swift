import HexaBytecode

/// Runs one verified program: a register machine without I/O.
///
/// `run(fuel:)` executes until the fuel of the slice is spent, the program ends, or it asks for something only the
/// driver can do; then the driver calls again. Printed output collects in `output` and `errorOutput` until it is taken.
///
/// All memory of the program (heap, stacks) belongs to the machine and counts against its quota. The interpreter works
/// on raw memory without reference counting; what makes that safe is listed in `VerifiedModule`, and one invariant:
/// **every register always holds a value that was live at the last collection or made since.** A collection marks the
/// registers in use and clears the rest; nothing is freed in between.
public final class Machine {
    var program: BytecodeModule
    let heap: Heap
    let configuration: MachineConfiguration

    // The program in the form the interpreter reads.
    var functions: UnsafeMutablePointer<FunctionRecord>
    var functionCount = 0
    var constants: ValueWindow
    var constantCount = 0
    var globals: ValueWindow
    var globalCount = 0
    var methods: MethodTable
    /// For each name of the module the built-in method of that name, or 255.
    var builtinMethods: [UInt8] = []
    /// For each struct where its field names begin in `fieldNames`, and how many there are.
    var fieldTable: UnsafeMutablePointer<(start: Int, count: Int)>
    var fieldNames: UnsafeMutablePointer<Int>
    /// For each type descriptor the value tags that conform to it whatever else they hold: bit n for tag n.
    var typeMasks: UnsafeMutablePointer<UInt64>
    /// Code of all functions, in one piece.
    var code: CodePointer

    // The running task; `task` holds these while it does not run.
    var task: ProgramTask
    var pc: CodePointer
    var base: ValueWindow
    var frame: UnsafeMutablePointer<Frame>
    /// Past the last register that fits the stack, and the last frame that fits.
    var stackEnd: ValueWindow
    var lastFrame: UnsafeMutablePointer<Frame>
    var fuel = 0

    // Other tasks.
    var readyTasks: [ProgramTask] = []
    var waitingTasks: [ProgramTask] = []
    var mainHasEnded = false

    /// The value being thrown, between the error and its handler.
    var thrown = Value.void
    /// Where the answer to the kernel call goes.
    var pendingAnswer: PendingAnswer?
    /// Set once the program cannot go on.
    var ended: Outcome?
    /// Made in advance: there may be no memory left for it when it is needed.
    var memoryError = Value.void
    var exitCode = 0
    /// An instruction met the quota: collect, then try it once more.
    var metQuota = false
    /// The instruction that was tried again, and the fuel then: with other fuel it is another execution of it.
    var retriedAt: CodePointer?
    var retriedFuel = 0
    /// Fuel that library functions have spent and the interpreter has not yet charged.
    var debt = 0
    var random: SplitMix64

    /// What the entry function returned, once the program has ended.
    public internal(set) var result = HostValue.void
    /// The same as `to_string` shows it.
    public internal(set) var resultText: [UInt8] = []
    /// What the program printed since the driver last took it.
    public internal(set) var output: [UInt8] = []
    public internal(set) var errorOutput: [UInt8] = []

    struct PendingAnswer {
        var register: Int
        /// For the next token of a stream: how far to jump at its end.
        var endDistance: Int?
    }

    /// `proof` runs one of the module's proofs instead of its entry.
    public init(
        _ verified: VerifiedModule, configuration: MachineConfiguration = MachineConfiguration(), proof: Int? = nil
    ) {
        program = verified.module
        self.configuration = configuration
        heap = Heap(quotaBytes: configuration.heapBytesMax, hashSeed: configuration.seed)
        random = SplitMix64(seed: configuration.seed)
        functions = .allocate(capacity: 1)
        constants = .allocate(capacity: 1)
        globals = .allocate(capacity: 1)
        code = .allocate(capacity: 1)
        fieldTable = .allocate(capacity: 1)
        fieldNames = .allocate(capacity: 1)
        typeMasks = .allocate(capacity: 1)
        methods = MethodTable(BytecodeModule())
        task = ProgramTask(isMain: true)
        pc = code
        base = task.stack
        frame = task.frame
        stackEnd = task.stack
        lastFrame = task.frame
        load(globalsFrom: 0)
        makeMemoryError()
        let isProof = proof.map { program.proofs.indices.contains($0) } ?? false
        start(function: isProof ? program.proofs[proof ?? 0].function : program.entry)
    }

    deinit {
        functions.deallocate()
        constants.deallocate()
        globals.deallocate()
        code.deallocate()
        fieldTable.deallocate()
        fieldNames.deallocate()
        typeMasks.deallocate()
        methods.deallocate()
    }

    /// Hands the printed output over and forgets it.
    public func takeOutput() -> [UInt8] {
        defer { output.removeAll(keepingCapacity: true) }
        return output
    }

    public func takeErrorOutput() -> [UInt8] {
        defer { errorOutput.removeAll(keepingCapacity: true) }
        return errorOutput
    }

    /// What is left of the last slice's fuel; below zero when its last instruction cost more than there was.
    public var fuelLeft: Int { fuel }

    /// Bytes the program holds now, garbage not yet collected included.
    public var allocatedBytes: Int { heap.allocatedBytes }

    /// Replaces the program by a longer one that begins with the same tables, and starts its entry: how an interactive
    /// session goes on with its variables. False when the new module is not an extension of the old one.
    public func extend(with verified: VerifiedModule) -> Bool {
        let longer = verified.module
        guard longer.functions.count >= program.functions.count, longer.globalCount >= program.globalCount,
            longer.nominals.starts(with: program.nominals), longer.names.starts(with: program.names)
        else { return false }
        for index in 0..<program.functions.count {
            guard longer.functions[index].captureCount == program.functions[index].captureCount else { return false }
        }
        program = longer
        methods.deallocate()
        load(globalsFrom: globalCount)
        task = ProgramTask(isMain: true)
        readyTasks = []
        waitingTasks = []
        mainHasEnded = false
        ended = nil
        pendingAnswer = nil
        start(function: program.entry)
        return true
    }
}
