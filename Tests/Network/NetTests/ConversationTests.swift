import MonotonicTime
@testable import Net
import Testing

@Suite("Two hosts on a perfect link")
struct ConversationTests {
    private let server = Host(number: 1)
    private let client = Host(number: 2)
    private let now = Instant.origin

    @Test("a handshake, a request, an answer and an orderly close")
    func conversation() throws {
        server.listen(80)
        let socket = client.connect(to: server, port: 80, from: 40_000, now: now)
        settle(client, server, now: now)
        let events = server.allEvents()
        let accepted = try #require(Host.accepted(in: events))
        let peer = SocketAddress(address: client.address, port: 40_000)
        #expect(events.last == .accepted(accepted, peer: peer, localPort: 80))

        #expect(client.write(socket, "question") == 8)
        settle(client, server, now: now)
        #expect(server.allEvents() == [.readable(accepted)])
        #expect(server.read(accepted) == Array("question".utf8))
        #expect(server.write(accepted, "answer") == 6)
        server.stack.close(accepted, now: now)
        settle(client, server, now: now)
        #expect(client.read(socket) == Array("answer".utf8))
        client.stack.close(socket, now: now)
        settle(client, server, now: now)
        #expect(server.allEvents() == [.closed(accepted, .finished)])
        #expect(client.allEvents().last == .closed(socket, .finished))
    }
}
