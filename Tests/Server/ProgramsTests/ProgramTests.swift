import HexaBytecode
import HexaLang
import HexaVM
import Law
import MonotonicTime
import Programs
import Testing

@Suite("Programs in the appliance")
struct ProgramTests {
    private static let all = """
        "grants": {"/**": ["read", "write", "append", "exec", "infer", "fork"]}
        """

    // MARK: The law

    @Test("a learning program is let through, and each call is recorded")
    func learning() throws {
        var harness = try ProgramHarness("\"grants\": {}, \"learning\": true")
        let (text, _) = try harness.run("fs_write(\"/fs/a\", \"x\")\nprintln(fs_read(\"/fs/a\"))")
        #expect(text == "x\n")
        #expect(harness.law.growth.records.map(\.event) == [.learned, .learned])
    }

    @Test("a revoked program is denied in the middle of its work")
    func revocation() throws {
        var harness = try ProgramHarness(Self.all)
        let run = try harness.start(
            """
            let mut n = 0
            while true { try { now(); n += 1 } catch e { println(e.kind, n > 0); break } }
            """)
        for _ in 0..<3 { #expect(harness.step(run) == .working) }
        try harness.revoke(run.subject)
        #expect(harness.finish(run) == .finished)
        #expect(run.takeOutput() == Array("EPERM true\n".utf8))
    }

    // MARK: Files and requests

    @Test("files are read as they were written, and are listed below their folder")
    func files() throws {
        var harness = try ProgramHarness(Self.all)
        let (text, end) = try harness.run(
            """
            fs_write("/fs/n/b", "1")
            fs_append("/fs/n/b", "2")
            fs_append("/fs/n/a", "3")
            println(fs_read("/fs/n/b"), exists("/fs/n/c"), fs_list("/fs/n"))
            println(try { fs_read("/fs/none") } catch e { e.kind })
            println(try { fs_read("/etc/passwd") } catch e { e.kind }, try { fs_read("/fs/../x") } catch e { e.kind })
            """)
        #expect(end == .finished)
        #expect(text == "12 false [/fs/n/a, /fs/n/b]\nio\nvalue value\n", "\(text)")
    }

    @Test("the store holds no more than its limits, and says so")
    func fileLimits() throws {
        var harness = try ProgramHarness(Self.all)
        let (text, _) = try harness.run(
            """
            let block = "x".repeat(1048576)
            let mut n = 0
            try { while true { fs_write("/fs/" + to_string(n), block); n += 1 } } catch e { println(n, e.kind) }
            fs_write("/fs/0", "")
            fs_write("/fs/again", "y")
            println("room")
            """)
        #expect(text == "8 io\nroom\n")
    }

    @Test("a program reads its request and answers in pieces")
    func requestAndAnswer() throws {
        var harness = try ProgramHarness(Self.all)
        let (text, end) = try harness.run("respond(request().to_upper())\nrespond(\"!\")", request: "abc")
        #expect(text == "ABC!" && end == .finished)
    }

    // MARK: The model

    @Test("a program's arguments come after its name")
    func arguments() throws {
        var harness = try ProgramHarness("\"grants\": {}")
        let run = try harness.start("println(args())", arguments: ["Ada", "a b"])
        #expect(harness.finish(run) == .finished)
        #expect(String(decoding: run.takeOutput(), as: UTF8.self) == "[p, Ada, a b]\n")
    }

    @Test("what is computed while compiling is bounded as a whole: installing keeps nobody waiting for long")
    func compileTime() throws {
        var harness = try ProgramHarness("\"grants\": {}")
        let loop = "comptime { let mut i = 0\nwhile i < 100000 { i += 1 }\ni }\n"
        _ = try harness.install(Array("println(\(loop))".utf8))
        for source in ["comptime { while true { } }", String(repeating: loop, count: 8)] {
            #expect {
                try harness.install(Array(source.utf8))
            } throws: { error in
                (error as? InstallError)?.message.contains("takes too long") == true
            }
        }
    }

    @Test("the model's calls come out as requests, with their options, and their answers go in")
    func model() throws {
        var harness = try ProgramHarness(Self.all)
        let run = try harness.start(
            """
            println(infer("hi", {"max_tokens": 3, "stop": ["x"], "raw": true}))
            for piece in stream("go") { print(piece) }
            println(tokenize("ab"))
            """)
        guard case .waiting(.infer(let options)) = harness.finish(run) else { throw ProgramHarness.NoSuchProgram() }
        #expect(options.prompt == .text(Array("hi".utf8)) && options.maxTokens == 3)
        #expect(options.stop == [Array("x".utf8)])
        run.answer(.string("hello"))
        guard case .waiting(.openStream) = harness.finish(run) else { throw ProgramHarness.NoSuchProgram() }
        run.answer(.handle(5))
        for answer in [HostValue.string("a"), .string("b"), .void] {
            #expect(harness.finish(run) == .waiting(.nextPiece(stream: 5)))
            run.answer(answer)
        }
        #expect(harness.finish(run) == .waiting(.tokenize(Array("ab".utf8))))
        run.answer(.array([.int(7)]))
        #expect(harness.finish(run) == .finished)
        #expect(run.takeOutput() == Array("hello\nab[7]\n".utf8))
    }

    @Test(
        "options that are none are errors of the program",
        arguments: [
            "infer(1)", "infer(\"a\", 1)", "infer(\"a\", {\"max_token\": 1})", "infer(\"a\", {\"max_tokens\": 0})",
            "infer(\"a\", {\"temperature\": 9.0})", "infer(\"a\", {\"stop\": [1]})", "detokenize(\"a\")", "tokenize(1)",
            "sample([1.0], {\"max_tokens\": 1})", "sample([])", "sample([1])", "logits(\"a\")", "logits([4294967296])",
            "kv_append(kv_open(), 1)", "kv_fork(7)", "kv_save(kv_open(), \"/fs/a\")", "kv_open(\"/kv/none\")",
            "cap_narrow(\"model\", [\"infer\"])", "cap_narrow(\"/**\", [\"fly\"])", "cap_narrow(\"/**\", \"read\")",
        ])
    func badOptions(call: String) throws {
        var harness = try ProgramHarness(Self.all)
        let (text, end) = try harness.run("println(try { \(call) } catch e { \"refused\" })")
        #expect(text == "refused\n" && end == .finished)
    }

    // MARK: Limits

    @Test("a program that loops for ever is stopped with its reason")
    func endless() throws {
        var harness = try ProgramHarness(Self.all)
        let run = try harness.start("while true { }")
        for _ in 0..<10 { #expect(harness.step(run) == .working) }
        harness.now = harness.now + Limits.runTimeMax
        guard case .failed(let reason) = harness.step(run) else { throw ProgramHarness.NoSuchProgram() }
        #expect(reason.hasPrefix("time: "))
        #expect(harness.step(run) == .failed(reason))
    }

    @Test("a run has fuel for some seconds of a core, whoever else is served meanwhile")
    func fuelOfARun() throws {
        var harness = try ProgramHarness(Self.all)
        let run = try harness.start("while true { }")
        var slices = 0
        while harness.step(run, fuel: Limits.runFuelMax / 10) == .working { slices += 1 }
        guard case .failed(let reason) = harness.step(run) else { throw ProgramHarness.NoSuchProgram() }
        #expect(slices == 10 && reason.hasPrefix("fuel: "))
    }

    @Test("a quota of fuel makes a program rest, and go on at its pace")
    func fuel() throws {
        var harness = try ProgramHarness(Self.all + ", \"quotas\": {\"fuel_per_second\": 10000}")
        let run = try harness.start("while true { }")
        var steps = 0
        let end = harness.now + .seconds(2)
        while harness.now < end {
            switch harness.step(run, fuel: 1_000) {
            case .working: steps += 1
            case .resting(let until): harness.now = until
            case let event: Issue.record("\(event)")
            }
        }
        #expect(19...21 ~= steps)
    }

    @Test(
        "a program that takes all memory fails by itself",
        arguments: [
            "let mut a = []\nwhile true { a.push([0; 1000]) }", "fn f(n) { f(n + 1) }\nf(0)",
            "let mut s = \"x\"\nwhile true { s = s + s }",
        ])
    func memory(source: String) throws {
        var harness = try ProgramHarness(Self.all + ", \"quotas\": {\"heap_bytes\": 1000000}")
        let (_, end) = try harness.run(source)
        guard case .failed(let reason) = end else { throw ProgramHarness.NoSuchProgram() }
        #expect(reason.hasPrefix("memory: ") || reason.hasPrefix("depth: ") || reason.hasPrefix("value: "), "\(reason)")
    }

    @Test("a failure names its kind and its place")
    func failure() throws {
        var harness = try ProgramHarness(Self.all)
        let (text, end) = try harness.run("println(\"before\")\nfn f(x) { 1 / x }\nf(0)")
        #expect(text == "before\n")
        guard case .failed(let reason) = end else { throw ProgramHarness.NoSuchProgram() }
        #expect(reason.hasPrefix("division_by_zero: ") && reason.contains("(p.hexa:2:"), "\(reason)")
    }

    // MARK: Installing

    @Test("source and module install alike; what is neither is refused with its reason")
    func installing() throws {
        var harness = try ProgramHarness(Self.all)
        let source = "println(\"ok\")"
        _ = try harness.install(Array(source.utf8))
        let module = try HexaCompiler.compile(SourceFile(name: "p.hexa", text: source)).module.encoded()
        _ = try harness.install(module)
        #expect(try harness.installedNames() == ["p"])
        let failure = #expect(throws: InstallError.self) { try harness.install(Array("let = 1".utf8)) }
        guard case .compileFailed(let text) = failure else { throw ProgramHarness.NoSuchProgram() }
        #expect(text.hasPrefix("p.hexa:1:5: error: "), "\(text)")
        var damaged = module
        damaged[damaged.count - 1] ^= 1
        let refusal = #expect(throws: InstallError.self) { try harness.install(damaged) }
        guard case .moduleRefused = refusal else { throw ProgramHarness.NoSuchProgram() }
        #expect(throws: InstallError.tooLarge) {
            try harness.install([UInt8](repeating: 0x20, count: Limits.programBytesMax + 1))
        }
        #expect(try harness.installedNames() == ["p"])
    }

    @Test("a program that the law does not name, or that needs more than it is granted, is not installed")
    func needs() throws {
        var harness = try ProgramHarness("\"grants\": {\"/model/**\": [\"infer\"]}")
        #expect(throws: InstallError.unknownToLaw(name: "q")) { try harness.install([], as: "q") }
        _ = try harness.install(Array("@law(\"infer\", \"/model/default\")\nfn main() { }".utf8))
        _ = try harness.install(Array("@law(\"infer\", \"/model/*\")\nfn main() { }".utf8))
        let greedy = "@law(\"infer\", \"/model/default\")\n@law(\"write\", \"/fs/a\")\nfn main() { }"
        #expect(throws: InstallError.needsNotGranted(name: "p", ["write /fs/a"])) {
            try harness.install(Array(greedy.utf8))
        }
    }
}
