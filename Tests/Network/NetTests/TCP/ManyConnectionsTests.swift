import MonotonicTime
@testable import Net
import Testing

@Suite("Many connections")
struct ManyConnectionsTests {
    @Test("256 connections at once over a lossy link each get their own answer")
    func concurrentConnections() throws {
        let server = Host(number: 1), client = Host(number: 2)
        let link = SimulatedLink([server, client], impairments: .lossy, seed: 11)
        server.listen(80, backlog: 256)
        let sockets = (0..<256).map { client.connect(to: server, port: 80, from: UInt16(20_000 + $0), now: .origin) }
        var answers: [SocketID: [UInt8]] = [:]
        var openCount = 0, mostOpen = 0, closedCount = 0
        var questions: [SocketID: [UInt8]] = [:]
        let isComplete = link.run(limit: .seconds(300)) { now in
            for event in server.allEvents() {
                switch event {
                case .accepted:
                    openCount += 1
                    mostOpen = max(mostOpen, openCount)
                    guard openCount == 256 else { continue }
                    for (index, socket) in sockets.enumerated() { _ = client.write(socket, "question \(index)\n") }
                case .readable(let socket):
                    questions[socket, default: []] += server.read(socket)
                    guard let question = questions[socket], question.last == UInt8(ascii: "\n") else { continue }
                    _ = server.write(socket, Array("answer to ".utf8) + question)
                    server.stack.close(socket, now: now)
                default: break
                }
            }
            for event in client.allEvents() {
                switch event {
                case .readable(let socket): answers[socket, default: []] += client.read(socket)
                case .peerClosed(let socket): client.stack.close(socket, now: now)
                case .closed: closedCount += 1
                default: break
                }
            }
            return closedCount == 256
        }
        #expect(isComplete && mostOpen == 256, "\(openCount) opened, \(closedCount) closed")
        for (index, socket) in sockets.enumerated() {
            #expect(answers[socket] == Array("answer to question \(index)\n".utf8))
        }
        #expect(server.stack.transport.establishedCount == 0)
    }
}
