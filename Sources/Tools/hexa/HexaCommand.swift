import ArgumentParser

@main
struct HexaCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hexa",
        abstract: "Compile, run and test hexa programs.",
        discussion: """
            EXAMPLES
              hexa run hello.hexa Ada        run a program with an argument
              hexa test examples/            run the proof blocks of all programs in a folder
              hexa build app.hexa -o app.hxb compile to verified bytecode
              hexa repl                      try things out

            Exit codes: 0 success, 1 an error in the program, 2 wrong usage.
            """,
        version: "0.1.0",
        subcommands: [
            RunCommand.self, TestCommand.self, BuildCommand.self, CheckCommand.self, DisassembleCommand.self,
            FormatCommand.self, ReplCommand.self,
        ]
    )

    static func main() {
        do {
            var command = try parseAsRoot()
            try command.run()
        } catch let code as ExitCode {
            exit(withError: code)
        } catch {
            let message = fullMessage(for: error)
            let isHelp = exitCode(for: error) == .success
            if isHelp {
                print(message)
                Console.exit(0)
            }
            Console.error(message + "\n")
            Console.exit(2)
        }
    }
}
