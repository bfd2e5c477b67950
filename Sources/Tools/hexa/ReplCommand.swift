import ArgumentParser
import Foundation
import HexaBytecode
import HexaLang
import HexaVM

struct ReplCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "repl", abstract: "An interactive session.",
        discussion: """
            An input goes on over several lines while a bracket is open. Commands: :history, :quit.
            Arrows move in the line and through earlier ones, Ctrl-C drops a line, Ctrl-D ends the session.
            Lines are kept in the file that HEXA_HISTORY names, or in ~/.hexa_history.
            """
    )

    func run() throws {
        var session = ReplSession()
        while let input = readInput(session.history) {
            switch input.trimmingCharacters(in: .whitespacesAndNewlines) {
            case "": continue
            case ":quit", ":q": return
            case ":history":
                for (number, line) in session.history.enumerated() { Console.write("\(number + 1)  \(line)\n") }
            default: session.evaluate(input)
            }
        }
    }

    /// Lines until brackets are balanced; nil at the end of the input.
    private func readInput(_ history: [String]) -> String? {
        var lines: [String] = []
        while true {
            let prompt = lines.isEmpty ? "hexa> " : "  ... "
            switch LineEditor.read(prompt: prompt, history: history + lines) {
            case .line(let line): lines.append(line)
            case .dropped:
                lines = []
                continue
            case .end: return lines.isEmpty ? nil : lines.joined(separator: "\n")
            }
            let text = lines.joined(separator: "\n")
            guard InputCompleteness.needsMore(text) else { return text }
        }
    }
}

/// A session's compiler and machine, which grow with each input.
struct ReplSession {
    private let compiler = CompilerSession()
    private var machine: Machine?
    private var inputs = 0
    private(set) var history: [String]
    private let historyPath: String

    init() {
        let environment = ProcessInfo.processInfo.environment
        historyPath = environment["HEXA_HISTORY"] ?? (environment["HOME"] ?? ".") + "/.hexa_history"
        history = (SourceLoading.bytes(historyPath).map { String(decoding: $0, as: UTF8.self) } ?? "")
            .split(separator: "\n").map(String.init)
    }

    mutating func evaluate(_ input: String) {
        remember(input)
        inputs += 1
        do {
            let program = try compiler.compile(
                SourceFile(name: "<input \(inputs)>", text: input),
                load: SourceLoading.load)
            let verified = try VerifiedModule(verifying: program.module)
            if let machine, machine.extend(with: verified) {} else { machine = Machine(verified) }
            guard let machine else { return }
            let driver = ProgramDriver(machine: machine, sources: program.sources)
            switch driver.run() {
            case .finished:
                if !machine.resultText.isEmpty { Console.write(machine.resultText + [10]) }
            case .exited(let code): Console.exit(code)
            case .failed(let failure): Console.error(driver.describe(failure))
            }
        } catch let error as CompileError {
            Console.error(error.rendered())
        } catch {
            Console.error("\(error)\n")
        }
    }

    /// Line by line, as they will be called back.
    private mutating func remember(_ input: String) {
        let lines = input.split(separator: "\n").map(String.init)
        history += lines
        let descriptor = open(historyPath, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        for line in lines { Console.write(Array((line + "\n").utf8), to: descriptor) }
    }
}
