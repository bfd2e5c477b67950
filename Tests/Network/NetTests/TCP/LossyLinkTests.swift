import MonotonicTime
@testable import Net
import Testing

@Suite("TCP over links with loss, duplication, reordering and corruption")
struct LossyLinkTests {
    /// Moves `byteCount` bytes each way at the same time and returns the virtual seconds it took.
    private func exchange(
        byteCount: Int, impairments: Impairments, seed: UInt64,
        transport: TransportConfiguration = .init()
    ) throws -> (seconds: Double, server: Host) {
        let server = Host(number: 1, transport: transport), client = Host(number: 2, transport: transport)
        let link = SimulatedLink([server, client], impairments: impairments, seed: seed)
        let up = TestStream(byteCount: byteCount, seed: seed), down = TestStream(byteCount: byteCount, seed: ~seed)
        server.listen(80)
        let socket = client.connect(to: server, port: 80, from: 50_000, now: .origin)
        let sender = Peer(host: client, socket: socket, sends: up, expects: down)
        var receiver: Peer?
        let isComplete = link.run(limit: .seconds(1200)) { _ in
            for event in server.allEvents() {
                if case .accepted(let accepted, _, _) = event {
                    receiver = Peer(host: server, socket: accepted, sends: down, expects: up)
                    receiver?.writeMore()
                } else {
                    receiver?.handle(event)
                }
            }
            for event in client.allEvents() {
                if case .accepted = event { sender.writeMore() } else { sender.handle(event) }
            }
            return sender.closeReason != nil && receiver?.closeReason != nil
        }
        let other = try #require(receiver, "no connection was accepted")
        #expect(isComplete, "\(sender.receivedByteCount) and \(other.receivedByteCount) bytes of \(byteCount) arrived")
        #expect(sender.isIntact && other.isIntact)
        #expect(sender.hasReceivedAll && other.hasReceivedAll)
        #expect(sender.hasSeenEnd && other.hasSeenEnd)
        #expect(sender.closeReason == .finished && other.closeReason == .finished)
        return ((link.now - .origin).seconds, server)
    }

    @Test("5 % loss, 5 % duplication and 10 % reordering: 10 MB arrive intact both ways")
    func tenMegabytes() throws {
        let (seconds, server) = try exchange(byteCount: 10_000_000, impairments: .lossy, seed: 42)
        #expect(server.statistics.tcp.fastRetransmits > 0)
        #expect(seconds < 60, "virtual time; a stall would take longer")
    }

    @Test("a perfect link needs no retransmission")
    func perfect() throws {
        let (_, server) = try exchange(byteCount: 1_000_000, impairments: .perfect, seed: 7)
        #expect(server.statistics.tcp.retransmittedSegments == 0)
    }

    @Test("flipped bits are caught by the checksums", arguments: 1...3 as ClosedRange<UInt64>)
    func corruption(seed: UInt64) throws {
        let impairments = Impairments(loss: 0.01, reordering: 0.02, corruption: 0.05)
        let (_, server) = try exchange(byteCount: 300_000, impairments: impairments, seed: seed)
        #expect(server.statistics.drops.badChecksum > 0)
    }

    @Test("15 % loss is slow but right", arguments: 1...8 as ClosedRange<UInt64>)
    func heavyLoss(seed: UInt64) throws {
        _ = try exchange(byteCount: 60_000, impairments: Impairments(loss: 0.15, delay: .milliseconds(2)), seed: seed)
    }

    @Test("small buffers and odd sizes", arguments: [4096, 5000, 9999])
    func smallBuffers(size: Int) throws {
        var transport = TransportConfiguration()
        transport.receiveBufferByteCount = size
        transport.sendBufferByteCount = size
        _ = try exchange(byteCount: 200_000, impairments: .lossy, seed: UInt64(size), transport: transport)
    }

    @Test("large buffers use window scaling")
    func largeBuffers() throws {
        var transport = TransportConfiguration()
        transport.receiveBufferByteCount = 1 << 20
        transport.sendBufferByteCount = 1 << 20
        let impairments = Impairments(loss: 0.0005, delay: .milliseconds(20))
        _ = try exchange(byteCount: 3_000_000, impairments: impairments, seed: 3, transport: transport)
    }
}
