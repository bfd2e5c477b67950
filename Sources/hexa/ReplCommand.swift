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
            Inputs are kept in the file that HEXA_HISTORY names, or in ~/.hexa_history.
            """
    )

    func run() throws {
        var session = ReplSession()
        while let input = readInput() {
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
    private func readInput() -> String? {
        var text = ""
        var isFirst = true
        while true {
            if Console.isInteractive { Console.write(isFirst ? "hexa> " : "  ... ") }
            guard let line = readLine(strippingNewline: true) else { return isFirst ? nil : text }
            text += isFirst ? line : "\n" + line
            isFirst = false
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
            let program = try compiler.compile(SourceFile(name: "<input \(inputs)>", text: input),
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

    private mutating func remember(_ input: String) {
        let line = input.replacingOccurrences(of: "\n", with: " ")
        history.append(line)
        let descriptor = open(historyPath, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        Console.write(Array((line + "\n").utf8), to: descriptor)
    }
}
