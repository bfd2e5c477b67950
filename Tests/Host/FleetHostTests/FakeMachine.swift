import Glibc
import HostErrors
import HostSystem
import Machines
import NIOCore
import Synchronization

@testable import FleetHost

/// A machine that the test plays: an HTTP server on a port of its own whose answers are the test's, and which is ready
/// and ends when the test says so.
///
/// SAFETY (@unchecked Sendable): what changes is behind the mutex; `report` is called on the event loop only.
final class FakeMachine: Machine, @unchecked Sendable {
    let name: String
    let port: UInt16
    let identifier = getpid()

    private let loop: any EventLoop
    private let report: (MachineEvent) -> Void
    private let listener: Int32
    private let state = Mutex(State())

    private struct State {
        var connections: Set<Int32> = []
        var hasEnded = false
    }

    init(
        _ name: String, on loop: any EventLoop, report: @escaping (MachineEvent) -> Void,
        answer: @escaping @Sendable (FakeExchange) -> Void
    ) throws(MachineStartError) {
        let serverPort = try failing(as: MachineStartError.port) { () throws(PortError) in try ServerPort(0) }
        self.name = name
        self.loop = loop
        self.report = report
        port = serverPort.number
        listener = serverPort.release()
        TestThread.start { self.accept(answer) }
    }

    func becomeReady() { loop.execute { self.report(.ready) } }

    func say(_ line: String) { loop.execute { self.report(.line(line)) } }

    /// Breaks all connections off and ends.
    func die(_ reason: String) {
        let connections: Set<Int32>? = state.withLock { state in
            guard !state.hasEnded else { return nil }
            state.hasEnded = true
            return state.connections
        }
        guard let connections else { return }
        // Wakes `accept` and reads, whose threads close what is theirs.
        for number in connections { shutdown(number, Int32(SHUT_RDWR)) }
        shutdown(listener, Int32(SHUT_RDWR))
        loop.execute { self.report(.ended(reason: reason)) }
    }

    func stop() { die("it was powered off") }
    func kill() { die("killed") }

    var hasEnded: Bool { state.withLock { $0.hasEnded } }

    private func accept(_ answer: @escaping @Sendable (FakeExchange) -> Void) {
        while true {
            let number = Glibc.accept(listener, nil, nil)
            if number < 0 { break }
            let isWanted = state.withLock { state in
                if !state.hasEnded { state.connections.insert(number) }
                return !state.hasEnded
            }
            guard isWanted else {
                close(number)
                continue
            }
            TestThread.start {
                if let exchange = FakeExchange(reading: number, machine: self) { answer(exchange) }
                self.state.withLock { _ = $0.connections.remove(number) }
                close(number)
            }
        }
        close(listener)
    }
}

/// A request that a fake machine got, and the way to answer it; the connection ends with the test's closure.
struct FakeExchange: Sendable {
    let machine: FakeMachine
    /// The request line and the fields.
    let head: String
    let body: String
    private let socket: Int32

    /// Reads a whole request with a counted body; nil when it does not come whole.
    init?(reading socket: Int32, machine: FakeMachine) {
        var bytes: [UInt8] = []
        while true {
            let parts = String(decoding: bytes, as: UTF8.self).split(separator: "\r\n\r\n", maxSplits: 1)
            if bytes.hasTerminatedHead, let head = parts.first {
                let count =
                    head.split(separator: "\r\n").lazy
                    .compactMap { $0.lowercased().hasPrefix("content-length:") ? $0.split(separator: " ").last : nil }
                    .first.flatMap { Int($0) } ?? 0
                let body = parts.count > 1 ? parts[1] : ""
                if body.utf8.count >= count {
                    (self.machine, self.socket) = (machine, socket)
                    (self.head, self.body) = (String(head), String(body))
                    return
                }
            }
            guard let piece = FileDescriptor.read(socket), !piece.isEmpty else { return nil }
            bytes += piece
        }
    }

    /// False when the other side has closed.
    @discardableResult
    func write(_ text: String) -> Bool { FileDescriptor.write(Array(text.utf8), to: socket) }

    /// A whole answer.
    func answer(_ text: String, status: String = "200 OK") {
        write("HTTP/1.1 \(status)\r\nContent-Length: \(text.utf8.count)\r\n\r\n\(text)")
    }

    func beginStream() { write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n") }

    @discardableResult
    func writeChunk(_ text: String) -> Bool {
        write(String(text.utf8.count, radix: 16) + "\r\n" + text + "\r\n")
    }

    func endStream() { write("0\r\n\r\n") }

    /// Waits for the other side to close; false when it has not within five seconds.
    func waitForClose() -> Bool {
        var request = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
        return poll(&request, 1, 5_000) > 0 && FileDescriptor.read(socket)?.isEmpty == true
    }
}

extension [UInt8] {
    fileprivate var hasTerminatedHead: Bool {
        String(decoding: self, as: UTF8.self).contains("\r\n\r\n")
    }
}
