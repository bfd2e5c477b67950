import MonotonicTime
import Net

/// A stream of either transport.
public enum StreamID: Hashable, Sendable {
    case tcp(SocketID)
    case vsock(VsockStreamID)
}

/// What under the server carries byte streams: a TCP/IP stack, a vsock stack, or both. The server above does not care.
public struct StreamTransports: ~Copyable {
    public internal(set) var tcp: NetworkStack?
    public internal(set) var vsock: VsockStack?

    /// What concerns the server of both stacks' events.
    enum Event {
        case opened(StreamID)
        case readable(StreamID)
        case writable(StreamID)
        case peerClosed(StreamID)
        case closed(StreamID)
        case notice(NetworkNotice)
    }

    mutating func nextEvent() -> Event? {
        if let event = tcp?.nextEvent() { return Self.translate(event) }
        if let event = vsock?.nextEvent() { return Self.translate(event) }
        return nil
    }

    private static func translate(_ event: SocketEvent) -> Event {
        switch event {
        case .accepted(let socket, _, _): .opened(.tcp(socket))
        case .readable(let socket): .readable(.tcp(socket))
        case .writable(let socket): .writable(.tcp(socket))
        case .peerClosed(let socket): .peerClosed(.tcp(socket))
        case .closed(let socket, _): .closed(.tcp(socket))
        case .addressConfigured(let address): .notice(.addressConfigured(address))
        case .addressLost: .notice(.addressLost)
        }
    }

    private static func translate(_ event: VsockEvent) -> Event {
        switch event {
        case .opened(let stream, _): .opened(.vsock(stream))
        case .readable(let stream): .readable(.vsock(stream))
        case .writable(let stream): .writable(.vsock(stream))
        case .peerClosed(let stream): .peerClosed(.vsock(stream))
        case .closed(let stream, _): .closed(.vsock(stream))
        }
    }
}

/// What the interface's owner may want to tell people.
public enum NetworkNotice: Equatable, Sendable {
    case addressConfigured(InterfaceAddress)
    case addressLost
}

// MARK: - Streams, each by the stack it belongs to

extension StreamTransports {
    func readableByteCount(_ stream: StreamID) -> Int {
        switch stream {
        case .tcp(let socket): tcp?.readableByteCount(socket) ?? 0
        case .vsock(let stream): vsock?.readableByteCount(stream) ?? 0
        }
    }

    mutating func read(_ stream: StreamID, maximum: Int = .max) -> [UInt8] {
        switch stream {
        case .tcp(let socket): tcp?.read(socket, maximum: maximum) ?? []
        case .vsock(let stream): vsock?.read(stream, maximum: maximum) ?? []
        }
    }

    mutating func write(_ stream: StreamID, _ bytes: RawSpan) -> Int {
        switch stream {
        case .tcp(let socket): tcp?.write(socket, bytes) ?? 0
        case .vsock(let stream): vsock?.write(stream, bytes) ?? 0
        }
    }

    mutating func finishWriting(_ stream: StreamID) {
        switch stream {
        case .tcp(let socket): tcp?.finishWriting(socket)
        case .vsock(let stream): vsock?.finishWriting(stream)
        }
    }

    mutating func close(_ stream: StreamID, now: Instant) {
        switch stream {
        case .tcp(let socket): tcp?.close(socket, now: now)
        case .vsock(let stream): vsock?.close(stream, now: now)
        }
    }

    mutating func abort(_ stream: StreamID) {
        switch stream {
        case .tcp(let socket): tcp?.abort(socket)
        case .vsock(let stream): vsock?.abort(stream)
        }
    }

    /// How many written bytes are still this side's: a TCP peer must acknowledge them, a vsock device take them.
    func undeliveredByteCount(_ stream: StreamID) -> Int {
        switch stream {
        case .tcp(let socket): tcp?.unacknowledgedByteCount(socket) ?? 0
        case .vsock(let stream): vsock?.unsentByteCount(stream) ?? 0
        }
    }
}

extension StreamTransports {
    /// What the TCP/IP stack has done; nil without one.
    var networkStatistics: NetworkStatistics? {
        // Matched, not chained: a stack is not to be copied for a look at it.
        switch tcp {
        case .some(let stack): return stack.statistics
        case .none: return nil
        }
    }
}

// MARK: - Time

extension StreamTransports {
    var nextDeadline: Instant {
        let deadline = vsock?.nextDeadline ?? .distantFuture
        // Matched, not chained: a stack is not to be copied for a look at it.
        switch tcp {
        case .some(let stack): return min(deadline, stack.nextDeadline)
        case .none: return deadline
        }
    }

    mutating func advance(to now: Instant) {
        guard nextDeadline <= now else { return }
        tcp?.advance(to: now)
        vsock?.advance(to: now)
    }
}
