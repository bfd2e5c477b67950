import ArgumentParser

@main
struct HexaOS: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hexa-os",
        abstract: "Serve a language model from an operating system that does nothing else.",
        discussion: """
            EXAMPLES
              hexa-os run model.gguf       serve at http://127.0.0.1:8080/v1
              hexa-os run model.gguf --prompt "Why is the sky blue?" --once
              hexa-os serve models/        all models of a folder, each running while it is asked
              hexa-os info model.gguf      what is in it, and whether it can run
              hexa-os snapshot model.hxm --to warm   save a machine that is ready, to start from there
              hexa-os pack model.gguf      make model.hxm, which loads without conversion
              hexa-os warm model.hxm       have it in memory in large pages: the fastest start
              hexa-os image model.hxm --firecracker DIR

            EXIT CODES
              0   done
              64  wrong usage
              65  the model file cannot be served, the law is none, the records were tampered with, the snapshot is
                  damaged or does not fit
              66  a file cannot be read
              69  QEMU, KVM, the appliance at --url or the fleet that is meant is unavailable
              70  the kernel panicked or ended by itself
              71  the virtual machine monitor could not be started or failed
              73  the port is taken, or the output exists
              74  the output cannot be written
              75  the server was not ready in time
              76  the server's answer cannot be read
              77  the server refuses
              78  too little memory
              130 interrupted
            """,
        version: "0.1.0",
        subcommands: [
            RunCommand.self, SnapshotCommand.self, ServeCommand.self, PsCommand.self, LogsCommand.self,
            StopCommand.self, InfoCommand.self, PackCommand.self, WarmCommand.self, ImageCommand.self, LawCommand.self,
        ]
    )

    static func main() {
        let headStart = RunCommand.startAhead(CommandLine.arguments.dropFirst())
        do {
            var command = try parseAsRoot()
            if let run = command as? RunCommand { try run.run(after: headStart) } else { try command.run() }
        } catch {
            exit(withError: error)
        }
    }
}
