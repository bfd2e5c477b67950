import ArgumentParser
import Foundation
import HexaBytecode
import HexaLang

struct BuildCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "build", abstract: "Compile a program to a .hxb file.",
        discussion: """
            EXAMPLES
              hexa build app.hexa -o app.hxb
            """
    )

    @Argument(help: "A .hexa file.") var file: String
    @Option(name: .shortAndLong, help: "Where to write the bytecode.") var output: String
    @Flag(help: "Warn of what is probably a mistake.") var strict = false

    func run() throws {
        var options = CompileOptions()
        options.isStrict = strict
        let program = try SourceLoading.compile(try SourceLoading.read(file), options)
        let verified = try SourceLoading.verify(program.module)
        guard FileManager.default.createFile(atPath: output, contents: Data(verified.module.encoded())) else {
            Console.error("hexa: cannot write \(output)\n")
            throw ExitCode(2)
        }
    }
}

struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Compile a program without running it.",
        discussion: """
            EXAMPLES
              hexa check app.hexa
              hexa check --strict examples/
            """
    )

    @Argument(help: "A .hexa file or a folder.") var path: String
    @Flag(help: "Warn of what is probably a mistake.") var strict = false

    func run() throws {
        var options = CompileOptions()
        options.isStrict = strict
        options.includesProofs = true
        var isClean = true
        for file in try SourceLoading.files(path) {
            let source = try SourceLoading.read(file)
            if let program = try? SourceLoading.compile(source, options) {
                _ = try SourceLoading.verify(program.module)
            } else {
                isClean = false
            }
        }
        if !isClean { throw ExitCode(1) }
    }
}

struct DisassembleCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "disasm", abstract: "Show the bytecode of a program.",
        discussion: """
            EXAMPLES
              hexa disasm app.hexa
              hexa disasm app.hxb
            """
    )

    @Argument(help: "A .hexa or .hxb file.") var file: String

    func run() throws {
        Console.write(try SourceLoading.program(file, CompileOptions()).module.module.disassembly())
    }
}

struct FormatCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fmt", abstract: "Format programs in place.",
        discussion: """
            EXAMPLES
              hexa fmt app.hexa
              hexa fmt --check examples/     change nothing; exit 1 when something is not formatted
            """
    )

    @Argument(help: "A .hexa file or a folder.") var path: String
    @Flag(help: "Only say which files are not formatted.") var check = false

    func run() throws {
        var isClean = true
        for file in try SourceLoading.files(path) {
            let source = try SourceLoading.read(file)
            do {
                let formatted = try Formatter.format(source)
                guard formatted != source.bytes else { continue }
                isClean = false
                if check {
                    Console.write("\(file) is not formatted\n")
                } else {
                    try Data(formatted).write(to: URL(fileURLWithPath: file))
                }
            } catch let error as Diagnostic {
                Console.error(error.rendered())
                throw ExitCode(1)
            }
        }
        if check, !isClean { throw ExitCode(1) }
    }
}
