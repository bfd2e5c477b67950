import CLinux
import Glibc
import HostErrors
import HostSystem
import JSON
import Machines
import NIOCore

/// One machine: a `hexa-os run` of its own, which ends the virtual machine in good order when it is asked to end, and
/// is killed, and the virtual machine with it, when this process ends in whatever way.
///
/// Lives on the event loop, whose thread lasts as long as the process: the death of the thread that started a child is
/// what kills it.
final class MachineProcess: Machine {
    let port: UInt16
    private var process: BoundProcess
    private let loop: any EventLoop
    private let report: (MachineEvent) -> Void
    private var lastError: String?
    private var isErrorStreamOpen = true

    private static let listenerDescriptor: Int32 = 3
    /// How often the end of a child is looked for once it has closed its output.
    private static let collectInterval = TimeAmount.milliseconds(2)
    private static let errorPrefix = "error: "

    /// Starts `program` with `arguments`; events come on the loop, after this returns.
    init(
        program: String, arguments: [String], on loop: any EventLoop, report: @escaping (MachineEvent) -> Void
    ) throws(MachineStartError) {
        // Whoever answers there, and whenever: it was this port's machine from the start.
        let serverPort = try failing(as: MachineStartError.port) { () throws(PortError) in try ServerPort(0) }
        port = serverPort.number
        self.loop = loop
        self.report = report
        let output = try Self.makePipe()
        let errors = try Self.makePipe()
        let input = FileDescriptor(owning: open("/dev/null", O_RDONLY | O_CLOEXEC))
        defer { for end in [output.writing, errors.writing] { close(end) } }
        do throws(StartFailure) {
            process = try BoundProcess(
                path: program, arguments: arguments + ["--listen-fd", "\(Self.listenerDescriptor)", "--json"],
                descriptors: [input.number, output.writing, errors.writing, serverPort.descriptor])
        } catch {
            for end in [output.reading, errors.reading] { close(end) }
            throw .program(error)
        }
        LineReader.read(output.reading, on: loop, onLine: { self.receive(event: $0) }, onEnd: { self.collect() })
        LineReader.read(
            errors.reading, on: loop, onLine: { self.receive(line: $0) },
            onEnd: { self.isErrorStreamOpen = false })
    }

    var identifier: pid_t { process.identifier }

    func stop() { signal(SIGTERM) }

    func kill() { signal(SIGKILL) }

    private func signal(_ number: Int32) {
        // Once it is collected its number may be another's.
        if process.ending == nil { Glibc.kill(process.identifier, number) }
    }

    private func receive(event text: String) {
        let event = try? JSONValue(parsing: Array(text.utf8))
        if event?["event"]?.stringValue == "ready" { report(.ready) }
    }

    private func receive(line: String) {
        if line.hasPrefix(Self.errorPrefix) { lastError = String(line.dropFirst(Self.errorPrefix.count)) }
        report(.line(line))
    }

    /// Waits for the child, and for its last words: its virtual machine, which holds the same stream, dies with it.
    private func collect() {
        guard let ending = process.wait(upTo: 0), !isErrorStreamOpen else {
            loop.assumeIsolated().scheduleTask(in: Self.collectInterval) { self.collect() }
            return
        }
        report(.ended(reason: lastError ?? Self.describe(ending)))
    }

    private static func describe(_ ending: BoundProcess.Ending) -> String {
        switch ending {
        case .exited(status: 0): "it was powered off"
        case .exited(let status): "hexa-os run exited with \(status)"
        case .signalled(let number): "hexa-os run was ended by signal \(number)"
        }
    }

    private static func makePipe() throws(MachineStartError) -> (reading: Int32, writing: Int32) {
        var ends: [Int32] = [0, 0]
        guard linux_pipe(&ends) == 0 else { throw .program(StartFailure(path: "a pipe", reason: errorText(errno))) }
        return (ends[0], ends[1])
    }
}
