import Client
import Dispatch
import Fleet
import Glibc
import HostSystem
import JSON
import MonotonicTime
import Synchronization

@testable import FleetHost
@testable import Machines

/// A fleet in front of real connections, with machines that the test plays.
final class FleetBench: Sendable {
    let service: FleetService
    let port: UInt16
    private let started: StartedMachines

    /// - Parameters:
    ///   - change: what is different from the usual policy.
    ///   - onStart: what a machine does when it is started; throwing is a start that could not even be tried.
    ///   - answer: what it does with a request.
    init(
        _ names: [String], isBalancer: Bool = false, replicaCount: Int = 1,
        policy change: (inout FleetPolicy) -> Void = { _ in },
        onStart: @escaping @Sendable (FakeMachine) throws(MachineStartError) -> Void = { $0.becomeReady() },
        answer: @escaping @Sendable (FakeExchange) -> Void = { $0.answer("from \($0.machine.name)") }
    ) throws {
        var policy = FleetPolicy()
        change(&policy)
        let entries = names.map { name in
            FleetConfiguration.Entry(
                name: name, path: "/models/\(name).hxm", modifiedUnixSeconds: 1_700_000_000, machineArguments: [],
                policy: .init(replicaCount: replicaCount, runsAlways: isBalancer))
        }
        let started = StartedMachines()
        let port = try ServerPort(0)
        self.port = port.number
        self.started = started
        service = try FleetService.make(
            FleetConfiguration(entries: entries, isBalancer: isBalancer, apiKey: nil, policy: policy, program: ""),
            at: port,
            startMachine: { entry, loop, report throws(MachineStartError) in
                let machine = try FakeMachine(entry.name, on: loop, report: report, answer: answer)
                started.add(machine)
                try onStart(machine)
                return machine
            },
            note: { _ in })
    }

    deinit { _ = service.shutDown() }

    /// All that were ever started, in order.
    var machines: [FakeMachine] { started.all }

    var states: [String: String] {
        Dictionary(uniqueKeysWithValues: models.map { ($0["name"]?.stringValue ?? "", $0["state"]?.stringValue ?? "") })
    }

    /// Requests that machines have.
    var inFlightCount: Int { machineRows.reduce(0) { $0 + ($1["in_flight"]?.intValue ?? 0) } }

    /// Requests that have no machine yet.
    var waitingCount: Int { models.reduce(0) { $0 + ($1["waiting"]?.intValue ?? 0) } }

    /// Machines that are ready.
    var readyCount: Int { machineRows.count { $0["state"]?.stringValue == "ready" } }

    var takesConnections: Bool { Loopback.connect(port: port) != nil }

    private var models: [JSONValue] { ControlClient.send(.overview, toPort: port)?["models"]?.arrayValue ?? [] }
    private var machineRows: [JSONValue] { models.flatMap { $0["machines"]?.arrayValue ?? [] } }

    /// Asks `model` for a completion and waits for the whole answer.
    func ask(_ model: String, path: String = "/v1/completions") throws -> WholeAnswer {
        var client = try TestClient(port: port)
        client.ask(model, path: path)
        return try client.wholeAnswer()
    }

    private final class StartedMachines: Sendable {
        private let machines = Mutex<[FakeMachine]>([])

        var all: [FakeMachine] { machines.withLock { $0 } }
        func add(_ machine: FakeMachine) { machines.withLock { $0.append(machine) } }
    }
}

struct WholeAnswer: Equatable {
    let status: Int?
    /// With the status line.
    let head: String
    let body: String
    /// False when the connection closed before.
    let isComplete: Bool
}

/// A client's connection, read as slowly as a test likes.
struct TestClient: ~Copyable {
    private let socket: FileDescriptor
    private var reader = HTTPResponseReader()
    private var head: [UInt8] = []
    private(set) var body: [UInt8] = []

    private static let silenceSeconds = 10

    init(port: UInt16) throws {
        let socket = Loopback.makeSocket()
        var timeout = timeval(tv_sec: Self.silenceSeconds, tv_usec: 0)
        setsockopt(socket.number, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        guard Loopback.withAddress(port: port, { connect(socket.number, $0, $1) }) == 0 else {
            throw ClientError.unreachable(address: "127.0.0.1:\(port)", reason: errorText(errno))
        }
        self.socket = socket
    }

    func send(_ text: String) { socket.write(Array(text.utf8)) }

    func ask(_ model: String, path: String = "/v1/completions") {
        let body = #"{"model":"\#(model)","prompt":"a"}"#
        send("POST \(path) HTTP/1.1\r\nHost: a\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
    }

    /// Whether something comes within `milliseconds`.
    func hasSomething(within milliseconds: Int32) -> Bool {
        var request = pollfd(fd: socket.number, events: Int16(POLLIN), revents: 0)
        return poll(&request, 1, milliseconds) > 0
    }

    /// Reads on; false at the end of the answer or the connection. Ten seconds of silence are an end, too.
    mutating func readOn() throws -> Bool {
        guard !reader.isComplete, let bytes = socket.read(), !bytes.isEmpty else { return false }
        if !String(decoding: head, as: UTF8.self).contains("\r\n\r\n") { head += bytes }
        body += try reader.receive(bytes)
        return true
    }

    /// Reads until the body so far is `text`; false when something else comes.
    mutating func read(until text: String) throws -> Bool {
        while String(decoding: body, as: UTF8.self) != text, try readOn() {}
        return String(decoding: body, as: UTF8.self) == text
    }

    /// Reads to the end, and is ready for the next answer then.
    mutating func wholeAnswer() throws -> WholeAnswer {
        while try readOn() {}
        defer { (reader, head, body) = (HTTPResponseReader(), [], []) }
        let lines = String(decoding: head, as: UTF8.self)
        return WholeAnswer(
            status: reader.status, head: lines.components(before: "\r\n\r\n"),
            body: String(decoding: body, as: UTF8.self), isComplete: reader.isComplete)
    }
}

extension String {
    fileprivate func components(before end: String) -> String {
        firstRange(of: end).map { String(self[..<$0.lowerBound]) } ?? self
    }
}

/// Waits for what happens on other threads; false when it has not within five seconds.
func eventually(_ condition: () throws -> Bool) rethrows -> Bool {
    for _ in 0..<2_500 {
        if try condition() { return true }
        usleep(2_000)
    }
    return false
}

/// Something that a machine waits for until the test lets it go on.
final class Gate: Sendable {
    private let semaphore = DispatchSemaphore(value: 0)

    func open() { semaphore.signal() }
    func wait() { _ = semaphore.wait(timeout: .now() + .seconds(10)) }
}
