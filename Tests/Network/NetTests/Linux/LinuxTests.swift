#if canImport(Glibc)
import Glibc
import MonotonicTime
@testable import Net
import Testing

@Suite(
    "Against the real Linux TCP, over a tap device", .serialized,
    .enabled(if: LinuxLab.isAvailable, "needs /dev/net/tun and the privilege to make a network namespace"))
struct LinuxTests {
    /// One connection that carries `byteCount` bytes each way, closed by both sides.
    private func exchange(_ lab: LinuxLab, byteCount: Int, limit: Interval) throws {
        let up = TestStream(byteCount: byteCount, seed: 1), down = TestStream(byteCount: byteCount, seed: 2)
        lab.host.listen(80)
        let client = LinuxSocket(connectingTo: LinuxLab.hostAddress, port: 80)
        var server: Peer?
        var sent = 0, received = 0
        var isIntact = true, hasSeenEnd = false
        let isComplete = lab.run(limit: limit) { _ in
            for event in lab.host.allEvents() {
                if case .accepted(let socket, _, _) = event {
                    server = Peer(host: lab.host, socket: socket, sends: down, expects: up)
                    server?.writeMore()
                } else {
                    server?.handle(event)
                }
            }
            while sent < byteCount {
                let count = client.write(up.piece(at: sent, count: 65_536))
                guard count > 0 else { break }
                sent += count
                if sent == byteCount { client.finishWriting() }
            }
            while case .bytes(let bytes) = client.read() {
                isIntact = isIntact && down.matches(bytes, at: received)
                received += bytes.count
            }
            if received == byteCount { hasSeenEnd = client.read() == .endOfStream }
            return hasSeenEnd && server?.closeReason != nil
        }
        let peer = try #require(server, "Linux did not connect")
        #expect(isComplete, "sent \(sent), \(peer.receivedByteCount) arrived, \(received) came back")
        #expect(isIntact && peer.isIntact)
        #expect(peer.hasReceivedAll && received == byteCount)
        #expect(peer.closeReason == .finished)
    }

    @Test("10 MB both ways")
    func tenMegabytes() throws {
        try withLinuxLab { try exchange($0, byteCount: 10_000_000, limit: .seconds(20)) }
    }

    @Test("10 MB both ways with checksum offload")
    func checksumOffload() throws {
        try withLinuxLab(usesVnetHeader: true) { try exchange($0, byteCount: 10_000_000, limit: .seconds(20)) }
    }

    @Test("2 MB both ways with 2 % of all frames lost")
    func loss() throws {
        try withLinuxLab(loss: 0.02) { lab in
            try exchange(lab, byteCount: 2_000_000, limit: .seconds(20))
            #expect(lab.host.statistics.tcp.retransmittedSegments > 0)
        }
    }

    @Test("256 connections at once each get their own answer")
    func manyConnections() throws {
        try withLinuxLab { lab in
            lab.host.listen(80, backlog: 256)
            let clients = (0..<256).map { _ in LinuxSocket(connectingTo: LinuxLab.hostAddress, port: 80) }
            var isAsked = [Bool](repeating: false, count: clients.count)
            var answers = [[UInt8]](repeating: [], count: clients.count)
            var hasEnded = [Bool](repeating: false, count: clients.count)
            var acceptedCount = 0
            let isComplete = lab.run(limit: .seconds(10)) { now in
                for event in lab.host.allEvents() {
                    switch event {
                    case .accepted: acceptedCount += 1
                    case .readable(let socket) where acceptedCount == 256:
                        answer(lab.host, socket, now: now)
                    default: break
                    }
                }
                for (index, client) in clients.enumerated() {
                    if !isAsked[index], acceptedCount == 256 {
                        isAsked[index] = client.write(Array("question \(index)\n".utf8)[...]) > 0
                    }
                    switch client.read() {
                    case .bytes(let bytes): answers[index] += bytes
                    case .endOfStream: hasEnded[index] = true
                    default: break
                    }
                }
                return hasEnded.allSatisfy { $0 }
            }
            #expect(isComplete, "\(acceptedCount) accepted, \(hasEnded.count { $0 }) answered")
            for (index, answer) in answers.enumerated() {
                #expect(answer == Array("answer to question \(index)\n".utf8))
            }
        }
    }

    private func answer(_ host: Host, _ socket: SocketID, now: Instant) {
        let question = host.read(socket)
        _ = host.write(socket, Array("answer to ".utf8) + question)
        host.stack.close(socket, now: now)
    }

    @Test("Linux half-closes first and still gets its answer")
    func halfClose() throws {
        try withLinuxLab { lab in
            lab.host.listen(80)
            let client = LinuxSocket(connectingTo: LinuxLab.hostAddress, port: 80)
            var request: [UInt8] = [], response: [UInt8] = []
            var isSent = false, isClosed = false
            let isComplete = lab.run(limit: .seconds(5)) { now in
                for event in lab.host.allEvents() {
                    switch event {
                    case .readable(let socket): request += lab.host.read(socket)
                    case .peerClosed(let socket):
                        _ = lab.host.write(socket, request.reversed())
                        lab.host.stack.close(socket, now: now)
                    case .closed(_, .finished): isClosed = true
                    default: break
                    }
                }
                if !isSent, client.write(Array("stressed".utf8)[...]) > 0 {
                    isSent = true
                    client.finishWriting()
                }
                let result = client.read()
                if case .bytes(let bytes) = result { response += bytes }
                return isClosed && result == .endOfStream
            }
            #expect(isComplete)
            #expect(response == Array("desserts".utf8))
        }
    }

    @Test("a reset from Linux closes the socket; our abort resets Linux's")
    func resets() throws {
        try withLinuxLab { lab in
            lab.host.listen(80)
            var first: LinuxSocket? = LinuxSocket(connectingTo: LinuxLab.hostAddress, port: 80)
            var reason: CloseReason?
            let isReset = lab.run(limit: .seconds(5)) { _ in
                for event in lab.host.allEvents() {
                    if case .accepted = event {
                        first?.makeCloseAbortive()
                        first = nil
                    }
                    if case .closed(_, let why) = event { reason = why }
                }
                return reason != nil
            }
            #expect(isReset && reason == .reset)

            let second = LinuxSocket(connectingTo: LinuxLab.hostAddress, port: 80)
            var error: Int32 = 0
            let isAborted = lab.run(limit: .seconds(5)) { _ in
                for event in lab.host.allEvents() {
                    if case .accepted(let socket, _, _) = event { lab.host.stack.abort(socket) }
                }
                if case .error(let code) = second.read() { error = code }
                return error != 0
            }
            #expect(isAborted && error == ECONNRESET)
        }
    }

    @Test("a port without listener refuses")
    func refusal() throws {
        try withLinuxLab { lab in
            let client = LinuxSocket(connectingTo: LinuxLab.hostAddress, port: 81)
            var error: Int32 = 0
            let isRefused = lab.run(limit: .seconds(5)) { _ in
                error = client.pendingError
                return error != 0
            }
            #expect(isRefused && error == ECONNREFUSED)
        }
    }
}
#endif
