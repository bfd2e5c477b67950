import ArgumentParser
import Foundation
import HexaBytecode
import HexaLang
import HexaVM

struct RunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Run a program.",
        discussion: """
            EXAMPLES
              hexa run hello.hexa
              hexa run count.hexa notes.txt 3   args() is ["count.hexa", "notes.txt", "3"]
              hexa run app.hxb
              hexa run --appliance http://127.0.0.1:8080 examples/two_step.hexa

            With --appliance the program is installed there, run with what it prints shown as it comes, and removed. The
            appliance's law must name it. The API key is --api-key or, better, HEXA_API_KEY.
            """
    )

    @Argument(help: "A .hexa or .hxb file.") var file: String
    @Argument(
        parsing: .captureForPassthrough,
        help: "What args() returns after the program's name.") var arguments: [String] = []
    @Flag(help: "Warn of what is probably a mistake.") var strict = false
    @Option(help: "Memory of the program, in MiB.") var heap = 256
    @OptionGroup(title: "In an appliance") var remote: ApplianceRunOptions

    func run() throws {
        var options = CompileOptions()
        options.isStrict = strict
        let (module, sources) = try SourceLoading.program(file, options)
        if let url = remote.appliance {
            return try ApplianceRun(remote, url: url, file: file, arguments: arguments).run(module)
        }
        var configuration = MachineConfiguration()
        configuration.arguments = ([file] + arguments).map { Array($0.utf8) }
        configuration.heapBytesMax = max(heap, 1) << 20
        configuration.seed = UInt64.random(in: .min ... .max)
        let driver = ProgramDriver(machine: Machine(module, configuration: configuration), sources: sources)
        switch driver.run() {
        case .finished: return
        case .exited(let code): throw ExitCode(code)
        case .failed(let failure):
            Console.error(driver.describe(failure))
            throw ExitCode(1)
        }
    }
}

struct TestCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "test", abstract: "Run the proof blocks of a program or of all programs in a folder.",
        discussion: """
            EXAMPLES
              hexa test stack.hexa
              hexa test examples/
            """
    )

    @Argument(help: "A .hexa file or a folder.") var path: String

    func run() throws {
        var passed = 0, failed = 0
        for file in try SourceLoading.files(path) {
            let result = test(file)
            passed += result.passed
            failed += result.failed
        }
        Console.write("\(passed) passed, \(failed) failed\n")
        if failed > 0 { throw ExitCode(1) }
    }

    private func test(_ file: String) -> (passed: Int, failed: Int) {
        var options = CompileOptions()
        options.includesProofs = true
        guard let (module, sources) = try? SourceLoading.program(file, options) else { return (0, 1) }
        var passed = 0, failed = 0
        for (index, proof) in module.module.proofs.enumerated() {
            let name = String(decoding: module.module.names[proof.name], as: UTF8.self)
            let machine = Machine(module, proof: index)
            let driver = ProgramDriver(machine: machine, sources: sources, isQuiet: true)
            if case .failed(let failure) = driver.run() {
                failed += 1
                Console.write("FAIL \(file) \(name)\n")
                Console.write(driver.describe(failure))
            } else {
                passed += 1
                Console.write("ok   \(file) \(name)\n")
            }
        }
        return (passed, failed)
    }
}
