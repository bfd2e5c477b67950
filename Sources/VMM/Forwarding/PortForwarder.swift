import CLinux
import Glibc
import HostSystem
import MonotonicTime
import Net

/// Carries connections to a port of the host into the guest: one vsock stream for each (VIRTIO 1.2, 5.10). No second
/// TCP stack, no address, no privilege: bytes are read here and written there, and neither side is read faster than the
/// other takes.
///
/// All of it happens on the event loop's thread, under the machine's lock.
final class PortForwarder {
    private let listener: FileDescriptor
    private let guestPort: UInt32
    private let model: SocketModel
    private let loop: EventLoop
    /// Runs a handler of the event loop under the machine's lock, and has the device served after it.
    private let enter: (() -> Void) -> Void
    private var connections: [VsockStreamID: ForwardedConnection] = [:]
    private var isAccepting = false
    /// The guest's driver has begun anew: streams from before are void.
    private var wasReset = false

    /// Connections at a time, below the usual limit of 1024 descriptors; further ones wait in the listener's backlog.
    private static let connectionCountMax = 900

    /// - Parameters:
    ///   - listener: a listening socket, non-blocking from here on. Connections wait in its backlog until the guest's
    ///     driver has started.
    ///   - guestPort: the vsock port that the guest listens on.
    init(
        _ listener: consuming FileDescriptor, guestPort: UInt32, model: SocketModel, loop: EventLoop,
        enter: @escaping (() -> Void) -> Void
    ) {
        listener.setNonBlocking()
        self.listener = listener
        self.guestPort = guestPort
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
        if connections.count < Self.connectionCountMax, !isAccepting { setAccepting(true) }
    }

    private func handle(_ event: VsockEvent) {
        switch event {
        case .opened: break
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
                connection.resetOnClose()
                return remove(connection)
            }
            moveToClient(connection)
        }
    }
}

// MARK: - Clients

extension PortForwarder {
    private func setAccepting(_ isWanted: Bool) {
        isAccepting = isWanted
        guard isWanted else { return loop.forget(listener.number) }
        do throws(VMMError) {
            try loop.watch(listener.number, for: .reading) { [unowned self] _ in enter { accept() } }
        } catch {
            isAccepting = false
        }
    }

    private func accept() {
        // Before new streams take the ids of those that went with the reset.
        if wasReset { dropAll() }
        while connections.count < Self.connectionCountMax {
            let number = linux_accept(listener.number)
            guard number >= 0 else { return }
            let socket = FileDescriptor(owning: number)
            // Tokens are small and go out one by one.
            var enabled: Int32 = 1
            setsockopt(number, Int32(IPPROTO_TCP), TCP_NODELAY, &enabled, socklen_t(MemoryLayout<Int32>.size))
            guard let stream = model.stack.connect(toPort: guestPort) else { continue }
            let connection = ForwardedConnection(socket, stream: stream)
            do throws(VMMError) {
                try loop.watch(number, for: connection.interest) { [unowned self] in handle($0, connection) }
            } catch {
                model.stack.abort(stream)
                continue
            }
            connections[stream] = connection
        }
        setAccepting(false)
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
    }

    private func dropAll() {
        wasReset = false
        for connection in connections.values {
            connection.resetOnClose()
            loop.forget(connection.socket.number)
        }
        connections = [:]
    }
}
