import Glibc
import HostErrors
import Testing

@testable import Machines

@Suite("Processes bound to their parent")
struct BoundProcessTests {
    @Test("descriptors arrive in order, and the status comes back")
    func descriptors() throws {
        let output = try Pipe()
        let file = try Pipe()
        file.writing.write(Array("from three".utf8))
        var process = try BoundProcess(
            path: "/bin/sh", arguments: ["-c", "head -c 10 <&3; exit 7"],
            descriptors: [file.reading.number, output.writing.number, STDERR_FILENO, file.reading.number])
        #expect(process.wait(upTo: 10_000) == .exited(status: 7))
        #expect(output.reading.read() == Array("from three".utf8))
    }

    @Test("a program that cannot be started is an error here, not a dead child")
    func missing() throws {
        let error = #expect(throws: StartFailure.self) {
            _ = try BoundProcess(path: "/nowhere/program", arguments: [], descriptors: [0, 1, 2]).identifier
        }
        #expect(error == StartFailure(path: "/nowhere/program", reason: "No such file or directory"))
    }

    @Test("whoever ignores the request to end is killed")
    func termination() throws {
        var process = try BoundProcess(
            path: "/bin/sh", arguments: ["-c", "trap '' TERM; while :; do sleep 0.01; done"], descriptors: [0, 1, 2])
        #expect(process.wait(upTo: 100) == nil)
        process.terminate(graceMilliseconds: 50)
        #expect(process.ending == .signalled(number: SIGKILL))
    }

    @Test("letting go of a process ends it")
    func dropping() throws {
        func startAndDrop() throws -> pid_t {
            try BoundProcess(path: "/bin/sleep", arguments: ["60"], descriptors: [0, 1, 2]).identifier
        }
        let identifier = try startAndDrop()
        #expect(kill(identifier, 0) == -1)
    }
}
