import HexaBytecode
import HexaVM
import Law
import Testing
@testable import Programs

/// The table of kernel calls against the law: what each needs, and that nothing else opens it.
@Suite("The kernel-call table")
struct KernelCallTests {
    /// A program that makes one call and says what came of it.
    private static func source(of call: KernelCall) -> String {
        let arguments: String
        switch call {
        case .fsRead, .readFile, .exists: arguments = "\"/fs/a\""
        case .fsList, .listDirectory: arguments = "\"/fs\""
        case .fsWrite, .writeFile, .fsAppend, .appendFile: arguments = "\"/fs/a\", \"x\""
        case .detokenize, .logits: arguments = "[1]"
        case .sample: arguments = "[1.0]"
        case .kvOpen: arguments = ""
        case .kvAppend: arguments = "0, [1]"
        case .kvFork, .kvDrop: arguments = "0"
        case .kvSave: arguments = "0, \"/kv/a\""
        case .capNarrow: arguments = "\"/**\", [\"read\"]"
        default: arguments = (0..<call.signature.argumentsMin).map { _ in "\"x\"" }.joined(separator: ", ")
        }
        let name = call == .log ? "log" : String(decoding: call.signature.nameBytes, as: UTF8.self)
        return "println(try { \(name)(\(arguments)); \"granted\" } catch e { e.kind })"
    }

    /// What the call needs: an operation, and the path that it is about in `source(of:)`.
    private static func need(of call: KernelCall) -> (operation: OperationCode, path: String)? {
        switch call {
        case .infer, .stream, .streamNext, .logits, .sample: (.infer, "/model/default")
        case .tokenize, .detokenize: (.read, "/model/default/tokenizer")
        case .fsRead, .readFile, .exists: (.read, "/fs/a")
        case .fsList, .listDirectory: (.read, "/fs")
        case .fsWrite, .writeFile: (.write, "/fs/a")
        case .fsAppend, .appendFile: (.append, "/fs/a")
        case .request: (.read, "/request")
        case .respond: (.write, "/request")
        case .log: (.append, "/system/log")
        case .now, .clock: (.read, "/system/clock")
        case .environment: (.read, "/system/environment")
        case .exec: (.execute, "/system/shell")
        case .kvOpen, .kvDrop: (.write, "/kv")
        case .kvAppend: (.append, "/kv")
        case .kvFork: (.fork, "/kv")
        case .kvSave: (.write, "/kv/a")
        case .capNarrow: nil
        }
    }

    /// Calls that a program can write down. A stream's next piece is asked for by `for`: see below.
    private static let written = KernelCall.allCases.filter { $0 != .streamNext }
    private static let operations = OperationCode.allCases.map { "\"\($0.name)\"" }

    private func outcome(of call: KernelCall, grants: String) throws -> (text: String, ProgramHarness) {
        var harness = try ProgramHarness("\"grants\": {\(grants)}")
        let run = try harness.start(Self.source(of: call))
        // Whoever gets as far as the model has passed the law.
        if case .waiting = harness.finish(run) { return ("granted", harness) }
        return (String(decoding: run.takeOutput(), as: UTF8.self), harness)
    }

    @Test("each call is denied where nothing is granted, and recorded", arguments: written)
    func deniedByDefault(call: KernelCall) throws {
        let (text, harness) = try outcome(of: call, grants: "")
        guard let need = Self.need(of: call) else { return #expect(text == "granted\n") }
        #expect(text == "EPERM\n", "\(call)")
        let record = try #require(harness.law.growth.records.last)
        #expect(record.event == .denied && record.subject == "p")
        #expect(record.operations == OperationSet(need.operation) && record.target == Array(need.path.utf8))
    }

    @Test("each call is denied with every right but its own", arguments: written)
    func deniedWithEverythingElse(call: KernelCall) throws {
        guard let need = Self.need(of: call) else { return }
        let others = Self.operations.filter { $0 != "\"\(need.operation.name)\"" }.joined(separator: ", ")
        let elsewhere = (Target.known.map { "\($0.knownPath!)" } + ["/fs/b", "/kv/b", "/program/*"])
            .filter { $0 != need.path }.map { ", \"\($0)\": [\"\(need.operation.name)\"]" }.joined()
        let (text, _) = try outcome(of: call, grants: "\"/**\": [\(others)]\(elsewhere)")
        #expect(text == "EPERM\n", "\(call)")
    }

    @Test("each call is let through with its own right alone", arguments: written)
    func grantedWithItsOwn(call: KernelCall) throws {
        guard let need = Self.need(of: call) else { return }
        let (text, harness) = try outcome(
            of: call, grants: "\"\(need.path)\": [\"\(need.operation.name)\"]")
        #expect(!text.contains("EPERM") && harness.law.growth.records.isEmpty, "\(call): \(text)")
        let isServedAlone = ![.kvAppend, .kvFork, .kvSave, .kvDrop, .fsRead, .readFile, .exec].contains(call)
        #expect(text.hasSuffix("granted") || text.hasSuffix("granted\n") || !isServedAlone, "\(call): \(text)")
    }

    @Test("a stream's every piece is asked for with the right to infer")
    func pieces() throws {
        var harness = try ProgramHarness("\"grants\": {\"/model/default\": [\"infer\"]}")
        let run = try harness.start("try { for piece in stream(\"x\") { print(piece) } } catch e { print(e.kind) }")
        guard case .waiting(.openStream) = harness.finish(run) else { throw ProgramHarness.NoSuchProgram() }
        run.answer(.handle(0))
        #expect(harness.finish(run) == .waiting(.nextPiece(stream: 0)))
        run.answer(.string("one "))
        #expect(harness.finish(run) == .waiting(.nextPiece(stream: 0)))
        run.answer(.string("two "))
        try harness.revoke(run.subject)
        #expect(harness.finish(run) == .finished)
        #expect(String(decoding: run.takeOutput(), as: UTF8.self) == "one two EPERM")
    }

    // MARK: Caches

    private static let caching =
        "\"grants\": {\"/kv\": [\"write\", \"append\", \"fork\"], "
        + "\"/kv/*\": [\"read\", \"write\"], \"/model/**\": [\"read\", \"infer\"]}"

    @Test("a fork goes its own way; a saved cache is opened again, by another run too")
    func forking() throws {
        var harness = try ProgramHarness(Self.caching)
        let run = try harness.start(
            """
            let a = kv_open()
            kv_append(a, [1, -2])
            let b = kv_fork(a)
            kv_append(b, "three")
            kv_append(a, [4])
            kv_save(b, "/kv/b")
            logits(a)
            kv_drop(a)
            println(try { kv_append(a, [5]) } catch e { e.kind })
            """)
        guard case .waiting(.extend(let cache, let text, let isFirst)) = harness.finish(run) else {
            throw ProgramHarness.NoSuchProgram()
        }
        #expect(text == Array("three".utf8) && !isFirst)
        let permit = try harness.law.check(
            harness.law.kernelCapability(), Append.self, on: .caches, now: harness.now)
        try run.extend(permit, cache, by: [3, .max])
        #expect(harness.finish(run) == .waiting(.score([1, -2, 4])))
        run.answer(.array([.float(0)]))
        #expect(harness.finish(run) == .finished)
        #expect(String(decoding: run.takeOutput(), as: UTF8.self) == "value\n")
        let other = try harness.start("infer(kv_open(\"/kv/b\"))")
        guard case .waiting(.infer(let options)) = harness.finish(other) else { throw ProgramHarness.NoSuchProgram() }
        #expect(options.prompt == .tokens([1, -2, 3, .max]))
    }

    @Test(
        "a run holds so many caches and so many tokens; what it drops makes room",
        arguments: [
            ("let mut n = 0\ntry { while true { kv_open(); n += 1 } } catch e { println(n, e.kind) }", "64 memory\n"),
            (
                """
                let block = [7; 60000]
                let a = kv_open()
                kv_append(a, block)
                println(try { kv_fork(a); "forked" } catch e { e.kind })
                kv_drop(a)
                kv_append(kv_open(), block)
                println("room")
                """, "memory\nroom\n"
            ),
        ])
    func limits(source: String, expected: String) throws {
        var harness = try ProgramHarness(Self.caching)
        let (text, end) = try harness.run(source)
        #expect(text == expected && end == .finished)
    }

    // MARK: Narrowing

    @Test("a run that narrows itself cannot go back")
    func narrowing() throws {
        var harness = try ProgramHarness("\"grants\": {\"/fs/**\": [\"read\", \"write\"], \"/request\": [\"read\"]}")
        let source = """
            request()
            cap_narrow("/fs/**", ["read", "write"])
            println(try { request(); "read" } catch e { e.kind })
            fs_write("/fs/a", "1")
            cap_narrow("/**", ["read"])
            println(fs_read("/fs/a"), try { fs_write("/fs/a", "2"); "written" } catch e { e.kind })
            cap_narrow("/**", ["read", "write"])
            println(try { fs_write("/fs/a", "2"); "written" } catch e { e.kind })
            """
        let (text, end) = try harness.run(source)
        #expect(text == "EPERM\n1 EPERM\nEPERM\n" && end == .finished)
    }

    @Test("rights are narrowed so many times at most; a run leaves nothing of it; a revoked one has none to narrow")
    func narrowingLimits() throws {
        var harness = try ProgramHarness("\"grants\": {}")
        let source =
            "let mut n = 0\ntry { while true { cap_narrow(\"/**\", [\"read\"]); n += 1 } } "
            + "catch e { println(n, e.kind) }"
        let expected = Array("8 unavailable\n".utf8)
        // Eight links each: more than the 4,096 that can be alive.
        for _ in 0...512 {
            let run = try harness.start(source)
            #expect(harness.finish(run) == .finished)
            #expect(run.takeOutput() == expected)
            run.surrender(to: &harness.law)
        }
        let revoked = try harness.start(source)
        try harness.revoke(revoked.subject)
        #expect(harness.finish(revoked) == .finished)
        #expect(revoked.takeOutput() == Array("0 EPERM\n".utf8))
    }
}
