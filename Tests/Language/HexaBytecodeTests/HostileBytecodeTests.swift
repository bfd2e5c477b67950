import Foundation
import HexaBytecode
import HexaLang
import HexaVM
import TestSupport
import Testing

/// Random, mutated and truncated modules are refused or run safely: no crash, no hang, no memory beyond the quota.
///
/// The ordinary run takes a few thousand cases; `HEXA_FUZZ_CASES=10000000` and `HEXA_FUZZ_SEED=...` make it a long one.
@Suite("Hostile bytecode")
struct HostileBytecodeTests {
    static let cases = ProcessInfo.processInfo.environment["HEXA_FUZZ_CASES"].flatMap { Int($0) } ?? 6_000
    static let seed = ProcessInfo.processInfo.environment["HEXA_FUZZ_SEED"].flatMap { UInt64($0) } ?? 7

    private static let heapBytesMax = 2 << 20
    /// More fuel than any case needs to show what it does.
    private static let fuel = 400
    private static let slicesMax = 6

    /// Modules of small programs that together use every instruction.
    static let corpus: [BytecodeModule] = {
        let folder = Repository.file("Tests/Conformance").path
        let names = (FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? []).sorted()
        return names.filter { $0.hasSuffix(".hexa") }.compactMap { name in
            guard let data = FileManager.default.contents(atPath: folder + "/" + name) else { return nil }
            return try? HexaCompiler.compile(SourceFile(name: Array(name.utf8), bytes: [UInt8](data))).module
        }
    }()

    @Test("the corpus contains every opcode")
    func coverage() {
        var seen: Set<Opcode> = []
        for module in Self.corpus {
            for function in module.functions {
                for instruction in function.code { seen.insert(instruction.opcode ?? .move) }
            }
        }
        for opcode in Opcode.allCases { #expect(seen.contains(opcode), "\(opcode)") }
    }

    @Test("damaged files are refused or give modules that are refused or run safely")
    func damagedFiles() {
        var mutator = BytecodeMutator(random: SplitMix64(seed: Self.seed))
        let files = Self.corpus.map { $0.encoded() }
        var refused = 0
        for _ in 0..<Self.cases / 3 {
            let file = mutator.damagedFile(files[mutator.random.below(files.count)])
            guard let module = try? BytecodeModule(decoding: file), run(module, &mutator.random) else {
                refused += 1
                continue
            }
        }
        #expect(refused > 0)
    }

    @Test("changed instructions are refused or run safely")
    func changedInstructions() {
        var mutator = BytecodeMutator(random: SplitMix64(seed: Self.seed &+ 1))
        var ran = 0
        for _ in 0..<Self.cases * 2 / 3 {
            let module = Self.corpus[mutator.random.below(Self.corpus.count)]
            if run(mutator.mutated(module), &mutator.random) { ran += 1 }
        }
        // The test is worth something only if many get past the verifier.
        #expect(ran > Self.cases / 8)
    }

    @Test("every truncation of a file is refused")
    func truncations() {
        let file = Self.corpus[0].encoded()
        for length in 0..<file.count {
            #expect(throws: ModuleError.self) { try BytecodeModule(decoding: Array(file[0..<length])) }
        }
    }

    @Test(
        "a loop whose exit jumps back to itself spends fuel",
        arguments: [
            ("for x in [] { }", Opcode.iterateNext), ("for (k, v) in {} { }", Opcode.iterateNextPair),
            ("let s = \"\"\nfor c in s { }", Opcode.iterateNext),
        ])
    func exitAimedBackwards(source: String, opcode: Opcode) throws {
        let file = SourceFile(name: Array("loop.hexa".utf8), bytes: Array(source.utf8))
        var module = try HexaCompiler.compile(file).module
        for function in module.functions.indices {
            for offset in module.functions[function].code.indices
            where module.functions[function].code[offset].opcode == opcode {
                module.functions[function].code[offset] = module.functions[function].code[offset].with(d: -1)
            }
        }
        let machine = Machine(try VerifiedModule(verifying: module))
        for _ in 0..<3 { #expect(machine.run(fuel: Self.fuel) == .yielded) }
    }

    @Test("tasks that do nothing but spawn their successors spend fuel")
    func spawningForEver() throws {
        let file = SourceFile(name: Array("spawn.hexa".utf8), bytes: Array("spawn { println(1) }".utf8))
        var module = try HexaCompiler.compile(file).module
        let task = try #require(module.functions.firstIndex { $0.code.contains { $0.opcode == .callBuiltin } })
        let body = [Instruction(.loadFunction, a: 0, d: task), Instruction(.spawn, a: 0), Instruction(.returnVoid)]
        let position = module.functions[task].positions[0]
        module.functions[task].code = body
        module.functions[task].positions = body.map { _ in position }
        module.functions[task].handlers = []
        let machine = Machine(try VerifiedModule(verifying: module))
        for _ in 0..<3 { #expect(machine.run(fuel: Self.fuel) == .yielded) }
    }

    @Test("a function held in a field is called again on its own receiver after a collection made room")
    func fieldCallAtTheQuota() throws {
        // Garbage fills the heap before each call, and each call needs a deeper stack: some meet the quota in the
        // middle of the call, and are tried again.
        let source = """
            struct Node { down }
            fn dive(node, depth) {
                let waste = [0; 400]
                if depth == 0 { return len(waste) }
                node.down(node, depth - 1)
            }
            let node = Node { down: dive }
            let mut sum = 0
            for depth in 0..60 { sum += node.down(node, depth * 4) }
            println(sum)
            """
        let file = SourceFile(name: Array("dive.hexa".utf8), bytes: Array(source.utf8))
        let verified = try VerifiedModule(verifying: try HexaCompiler.compile(file).module)
        var finished = 0
        for quota in stride(from: 64 << 10, through: 2 << 20, by: 24 << 10) {
            var configuration = MachineConfiguration()
            configuration.heapBytesMax = quota
            let machine = Machine(verified, configuration: configuration)
            switch machine.run(fuel: 1 << 24) {
            case .finished:
                finished += 1
                #expect(machine.takeOutput() == Array("24000\n".utf8))
            case .failed(let failure): #expect(failure.kind == Array("memory".utf8), "with \(quota) bytes")
            case let outcome: Issue.record("with \(quota) bytes: \(outcome)")
            }
        }
        #expect(finished > 0)
    }

    @Test("a call that has room for its frame and none for its registers leaves both where they are", arguments: 0..<8)
    func depthAtTheQuota(locals: Int) throws {
        // With eight registers a call, frames and registers run out of room at the same call.
        let variables = (0..<locals).map { "let v\($0) = n\n" }.joined()
        let source = "fn dive(n) {\n\(variables)if n == 0 { 0 } else { 1 + dive(n - 1) }\n}\nprintln(dive(500))"
        let file = SourceFile(name: Array("dive.hexa".utf8), bytes: Array(source.utf8))
        let verified = try VerifiedModule(verifying: try HexaCompiler.compile(file).module)
        for quota in stride(from: 8 << 10, through: 160 << 10, by: 256) {
            var configuration = MachineConfiguration()
            configuration.heapBytesMax = quota
            let machine = Machine(verified, configuration: configuration)
            switch machine.run(fuel: 1 << 20) {
            case .finished: #expect(machine.takeOutput() == Array("500\n".utf8))
            case .failed(let failure): #expect(failure.kind == Array("memory".utf8), "with \(quota) bytes")
            case let outcome: Issue.record("with \(quota) bytes: \(outcome)")
            }
        }
    }

    /// False when the verifier refuses the module.
    private func run(_ module: BytecodeModule, _ random: inout SplitMix64) -> Bool {
        guard let verified = try? VerifiedModule(verifying: module) else { return false }
        var configuration = MachineConfiguration()
        configuration.heapBytesMax = Self.heapBytesMax
        configuration.seed = random.next()
        let machine = Machine(verified, configuration: configuration)
        for _ in 0..<Self.slicesMax {
            switch machine.run(fuel: Self.fuel) {
            case .yielded: break
            case .kernelCall: answer(machine, &random)
            default: return true
            }
            _ = machine.takeOutput()
            _ = machine.takeErrorOutput()
            if machine.allocatedBytes > Self.heapBytesMax { Issue.record("quota exceeded: \(machine.allocatedBytes)") }
        }
        return true
    }

    private func answer(_ machine: Machine, _ random: inout SplitMix64) {
        switch random.below(6) {
        case 0: machine.answer(KernelError(.denied, "no"))
        case 1: machine.answer(.void)
        case 2: machine.answer(.handle(random.next()))
        case 3: machine.answer(.string([0xFF, 0x41]))
        case 4: machine.answer(.map([(key: .string("a"), value: .array([.int(1), .float(.nan)]))]))
        default: break
        }
    }
}
