import CLinux
import Glibc
import HostSystem
import MonotonicTime
import Net

/// Carries connections to sockets of the host into the guest: one vsock stream for each (VIRTIO 1.2, 5.10). No second
/// TCP stack, no address, no privilege: bytes are read here and written there, and neither side is read faster than the
/// other takes.
///
/// All of it happens on the event loop's thread, under the machine's lock.
final class PortForwarder {
    private let listeners: [HostListener]
    private let model: SocketModel
    private let loop: EventLoop
    /// Runs a handler of the event loop under the machine's lock, and has the device served after it.
    private let enter: (() -> Void) -> Void
    private var connections: [VsockStreamID: ForwardedConnection] = [:]
    /// Clients that have not yet named the port that they want, with what they have said.
    private var undirected: [Int32: (socket: ClientSocket, said: [UInt8])] = [:]
    /// Streams whose clients are answered when the guest accepts.
    private var announced: Set<VsockStreamID> = []
    private var isAccepting = false
    /// The guest's driver has begun anew: streams from before are void.
    private var wasReset = false

    /// Connections at a time, below the usual limit of 1024 descriptors; further ones wait in the listener's backlog.
    private static let connectionCountMax = 900

    /// - Parameter listeners: connections wait in their backlogs until the guest's driver has started.
    init(
        _ listeners: [HostListener], model: SocketModel, loop: EventLoop, enter: @escaping (() -> Void) -> Void
    ) {
        self.listeners = listeners
        self.model = model
        self.loop = loop
        self.enter = enter
        model.onPackets = { [unowned self] in pump() }
        model.onReset = { [unowned self] in wasReset = true }
    }

    /// Whether bytes of the guest's still wait for clients.
    var hasOutput: Bool {
        connections.values.contains { !$0.output.isEmpty || model.stack.readableByteCount($0.stream) > 0 }
    }

    /// Does what the streams' events ask for. The device sends afterwards what the stack has for the guest.
    private func pump() {
        if wasReset { dropAll() }
        model.stack.advance(to: HostClock.now)
        while let event = model.stack.nextEvent() { handle(event) }
        if hasRoom, !isAccepting { setAccepting(true) }
    }

    private func handle(_ event: VsockEvent) {
        switch event {
        case .opened(let stream, let localPort):
            guard announced.remove(stream) != nil, let connection = connections[stream] else { return }
            connection.greet(ConnectRequest.answer(localPort: localPort))
            moveToClient(connection)
        case .readable(let stream):
            if let connection = connections[stream] { moveToClient(connection) }
        case .writable(let stream):
            if let connection = connections[stream] { moveToGuest(connection) }
        case .peerClosed(let stream):
            guard let connection = connections[stream] else { return }
            connection.hasGuestFinished = true
            moveToClient(connection)
        case .closed(let stream, let reason):
            guard let connection = connections[stream] else { return }
            connection.isGuestGone = true
            guard reason == .finished else {
                connection.socket.resetOnClose()
                return remove(connection)
            }
            moveToClient(connection)
        }
    }
}

// MARK: - Clients

extension PortForwarder {
    private var hasRoom: Bool { connections.count + undirected.count < Self.connectionCountMax }

    private func setAccepting(_ isWanted: Bool) {
        isAccepting = isWanted
        for listener in listeners {
            guard isWanted else {
                loop.forget(listener.descriptor.number)
                continue
            }
            do throws(VMMError) {
                try loop.watch(listener.descriptor.number, for: .reading) { [unowned self] _ in
                    enter { accept(from: listener) }
                }
            } catch {
                isAccepting = false
            }
        }
    }

    private func accept(from listener: HostListener) {
        // Before new streams take the ids of those that went with the reset.
        if wasReset { dropAll() }
        while hasRoom {
            let number = linux_accept(listener.descriptor.number)
            guard number >= 0 else { return }
            let socket = ClientSocket(FileDescriptor(owning: number))
            switch listener.destination {
            case .port(let port):
                // Tokens are small and go out one by one.
                var enabled: Int32 = 1
                setsockopt(number, Int32(IPPROTO_TCP), TCP_NODELAY, &enabled, socklen_t(MemoryLayout<Int32>.size))
                _ = connect(socket, to: port)
            case .namedByClient: hear(socket, said: [])
            }
        }
        setAccepting(false)
    }

    /// Opens a stream for a client, who is gone when that cannot be.
    private func connect(_ socket: ClientSocket, to port: UInt32, input: [UInt8] = []) -> ForwardedConnection? {
        guard let stream = model.stack.connect(toPort: port) else { return nil }
        let connection = ForwardedConnection(socket, stream: stream, input: input)
        do throws(VMMError) {
            try loop.watch(socket.number, for: connection.interest) { [unowned self] in handle($0, connection) }
        } catch {
            model.stack.abort(stream)
            return nil
        }
        connections[stream] = connection
        return connection
    }

    /// Waits for a client to name a port.
    private func hear(_ socket: ClientSocket, said: [UInt8]) {
        undirected[socket.number] = (socket, said)
        do throws(VMMError) {
            try loop.watch(socket.number, for: .reading) { [unowned self] _ in
                enter { hearMore(of: socket.number) }
            }
        } catch {
            undirected[socket.number] = nil
        }
    }

    private func hearMore(of number: Int32) {
        if wasReset { dropAll() }
        guard let (socket, said) = undirected[number] else { return }
        // The place is given up first: what is not a request ends the connection, as Firecracker has it.
        loop.forget(number)
        undirected[number] = nil
        switch socket.receive(maximum: ConnectRequest.bytesMax - said.count) {
        case .nothingYet: hear(socket, said: said)
        case .end, .broken: return
        case .bytes(let bytes):
            do throws(ConnectRequest.Problem) {
                let request = try ConnectRequest(said + bytes)
                let rest = Array((said + bytes).dropFirst(request.byteCount))
                guard let connection = connect(socket, to: request.port, input: rest) else { return }
                announced.insert(connection.stream)
                moveToGuest(connection)
            } catch .incomplete {
                hear(socket, said: said + bytes)
            } catch {
                return
            }
        }
        if hasRoom, !isAccepting { setAccepting(true) }
    }

    private func handle(_ readiness: EventLoop.Interest, _ connection: ForwardedConnection) {
        enter {
            if wasReset { return dropAll() }
            if readiness.contains(.broken) { return fail(connection) }
            if readiness.contains(.writing) { moveToClient(connection) }
            if !readiness.isDisjoint(with: [.reading, .finished]) { moveToGuest(connection) }
            // Told over and over, also when the guest does not take what is left. From here on only the guest's events
            // can bring the connection further.
            if readiness.contains(.finished) { loop.forget(connection.socket.number) }
        }
    }

    private func moveToClient(_ connection: ForwardedConnection) {
        settle(connection, connection.moveToClient(&model.stack))
    }

    private func moveToGuest(_ connection: ForwardedConnection) {
        settle(connection, connection.moveToGuest(&model.stack))
    }

    private func settle(_ connection: ForwardedConnection, _ outcome: ForwardedConnection.Outcome) {
        guard connections[connection.stream] != nil else { return }
        switch outcome {
        case .broken: fail(connection)
        case .moved where connection.isComplete:
            model.stack.close(connection.stream, now: HostClock.now)
            remove(connection)
        case .moved: loop.change(connection.socket.number, to: connection.interest)
        }
    }

    /// The client is gone: the guest learns of it by a reset.
    private func fail(_ connection: ForwardedConnection) {
        model.stack.abort(connection.stream)
        remove(connection)
    }

    private func remove(_ connection: ForwardedConnection) {
        loop.forget(connection.socket.number)
        connections[connection.stream] = nil
        announced.remove(connection.stream)
    }

    private func dropAll() {
        wasReset = false
        for connection in connections.values {
            connection.socket.resetOnClose()
            loop.forget(connection.socket.number)
        }
        connections = [:]
        announced = []
    }
}
