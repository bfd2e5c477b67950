import Foundation
import HexaLang
import HexaBytecode
import HexaVM
import Law
import MonotonicTime
import Programs
import TestSupport
import Testing

@Suite("The programs of examples/")
struct ExampleTests {
    private static let folder = Repository.file("examples")

    static let names = ["best_of_n", "choose", "router", "stream", "two_step"]

    private static func source(_ name: String) throws -> [UInt8] {
        Array(try Data(contentsOf: folder.appending(path: "\(name).hexa")))
    }

    @Test("there are no others")
    func complete() throws {
        let files = try FileManager.default.contentsOfDirectory(atPath: Self.folder.path)
        #expect(Set(files) == Set(Self.names.map { "\($0).hexa" } + ["raw.json"]))
    }

    @Test("each is installed under the law of examples/, with what it says it needs", arguments: names)
    func installs(name: String) throws {
        let document = try LawDocument(
            parsing: Array(try Data(contentsOf: Self.folder.appending(path: "raw.json"))))
        var law = Law(document)
        var library = ProgramLibrary()
        let path = try ProgramPath(name: Array(name.utf8))
        let permit = try law.check(law.kernelCapability(), Write.self, on: path, now: .origin)
        let program = try library.install(permit, try Self.source(name), law: law)
        #expect(program.needs.count >= 3)
    }

    @Test("each proves what it says of itself", arguments: names)
    func proves(name: String) throws {
        let source = SourceFile(name: Array("\(name).hexa".utf8), bytes: try Self.source(name))
        let module = try VerifiedModule(verifying: try HexaCompiler.compile(source).module)
        for index in module.module.proofs.indices {
            let machine = Machine(module, proof: index)
            var outcome = Outcome.yielded
            while outcome == .yielded { outcome = machine.run(fuel: 100_000) }
            #expect(outcome == .finished)
        }
    }
}
