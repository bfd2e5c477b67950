import MonotonicTime
@testable import Net
import Testing

/// A client that `#expect` can change.
private final class ClientBox {
    private var client: DHCPClient

    init(_ client: DHCPClient) { self.client = client }

    var state: DHCPClient.State { client.state }
    var nextDeadline: Instant { client.nextDeadline }
    func advance(to now: Instant) -> DHCPClient.Change? { client.advance(to: now) }
    func nextMessage(now: Instant) -> DHCPMessage? { client.nextMessage(now: now)?.message }
    func nextMessageAndTarget(now: Instant) -> (DHCPMessage, IPv4Address)? { client.nextMessage(now: now) }
    func receive(_ message: DHCPMessage, now: Instant) -> DHCPClient.Change? { client.receive(message, now: now) }
}

@Suite("DHCP client")
struct DHCPTests {
    private let hardware = EthernetAddress(2, 0, 0, 0, 0, 1)
    private let server = IPv4Address(10, 0, 0, 254)
    private let offered = IPv4Address(10, 0, 0, 42)
    private let start = Instant(nanoseconds: 1_000_000)

    private func client() -> ClientBox {
        ClientBox(DHCPClient(hardwareAddress: hardware, secret: NetworkSecret(1, 2), now: start))
    }

    private func reply(_ type: DHCPMessage.MessageType, to request: DHCPMessage, lease: UInt32 = 3600) -> DHCPMessage {
        var message = DHCPMessage(
            operation: .reply, type: type, transactionID: request.transactionID,
            clientHardware: hardware)
        message.yourAddress = offered
        message.subnetMask = IPv4Address(255, 255, 255, 0)
        message.router = server
        message.serverIdentifier = server
        message.leaseSeconds = lease
        return message
    }

    private var configured: DHCPClient.Change {
        .configured(InterfaceAddress(address: offered, prefixLength: 24, gateway: server))
    }

    /// A client that has its lease since `start`.
    private func boundClient(lease: UInt32 = 3600) throws -> ClientBox {
        let client = client()
        let discover = try #require(client.nextMessage(now: start))
        #expect(client.receive(reply(.offer, to: discover), now: start) == nil)
        let request = try #require(client.nextMessage(now: start))
        #expect(client.receive(reply(.acknowledge, to: request, lease: lease), now: start) == configured)
        return client
    }

    @Test("discover, offer, request, acknowledge")
    func handshake() throws {
        let client = client()
        let (discover, target) = try #require(client.nextMessageAndTarget(now: start))
        #expect(discover.type == .discover && target == .broadcast)
        #expect(client.receive(reply(.offer, to: discover), now: start) == nil)
        let (request, _) = try #require(client.nextMessageAndTarget(now: start))
        #expect(request.type == .request && request.requestedAddress == offered && request.serverIdentifier == server)
        #expect(request.transactionID == discover.transactionID)
        #expect(client.receive(reply(.acknowledge, to: request), now: start) == configured)
        #expect(client.nextMessage(now: start) == nil)
        #expect(client.nextDeadline == start + .seconds(1800))
    }

    @Test("unanswered discovers come after about 4, 8, 16, 32, 64, 64 seconds")
    func retransmission() throws {
        let client = client()
        var now = start
        var pauses: [Double] = []
        for _ in 0..<7 {
            #expect(try #require(client.nextMessage(now: now)).type == .discover)
            #expect(client.nextMessage(now: now) == nil)
            pauses.append((client.nextDeadline - now).seconds)
            now = client.nextDeadline
        }
        for (pause, expected) in zip(pauses, [4.0, 8, 16, 32, 64, 64, 64]) { #expect(abs(pause - expected) <= 1) }
    }

    @Test("a server that stops answering: four requests, then discover again")
    func lostServer() throws {
        let client = client()
        let discover = try #require(client.nextMessage(now: start))
        _ = client.receive(reply(.offer, to: discover), now: start)
        var now = start
        var types: [DHCPMessage.MessageType] = []
        for _ in 0..<5 {
            types.append(try #require(client.nextMessage(now: now)).type)
            now = client.nextDeadline
        }
        #expect(types == [.request, .request, .request, .request, .discover])
    }

    @Test("a refusal starts again after a second, with a new transaction")
    func refusal() throws {
        let client = client()
        let discover = try #require(client.nextMessage(now: start))
        _ = client.receive(reply(.offer, to: discover), now: start)
        let request = try #require(client.nextMessage(now: start))
        #expect(client.receive(reply(.negativeAcknowledge, to: request), now: start) == nil)
        #expect(client.nextMessage(now: start) == nil)
        let again = try #require(client.nextMessage(now: start + .seconds(1)))
        #expect(again.type == .discover && again.transactionID != discover.transactionID)
    }

    @Test("foreign transactions, foreign hardware, requests and absurd addresses are ignored")
    func foreignMessages() throws {
        let client = client()
        let discover = try #require(client.nextMessage(now: start))
        var foreign = [
            reply(.offer, to: discover), reply(.offer, to: discover), reply(.offer, to: discover),
            reply(.offer, to: discover), reply(.acknowledge, to: discover),
        ]
        foreign[0].transactionID ^= 1
        foreign[1].clientHardware = .broadcast
        foreign[2].operation = .request
        foreign[3].yourAddress = IPv4Address(224, 0, 0, 1)
        for message in foreign { #expect(client.receive(message, now: start) == nil) }
        #expect(client.state == .selecting)
    }

    @Test("T1 asks the server, T2 asks everyone, and at the end the address is gone")
    func renewal() throws {
        let client = try boundClient()
        let renewAt = start + .seconds(1800)
        #expect(client.advance(to: renewAt) == nil)
        let (renewal, target) = try #require(client.nextMessageAndTarget(now: renewAt))
        #expect(target == server && renewal.clientAddress == offered && renewal.requestedAddress == nil)
        let rebindAt = start + .seconds(3150)
        #expect(client.advance(to: rebindAt) == nil)
        let (rebinding, everyone) = try #require(client.nextMessageAndTarget(now: rebindAt))
        #expect(everyone == .broadcast && rebinding.clientAddress == offered)
        #expect(client.advance(to: start + .seconds(3600)) == .lost)
        #expect(try #require(client.nextMessage(now: start + .seconds(3600))).type == .discover)
    }

    @Test("a renewed lease counts from its renewal; a lease for ever never asks again")
    func renewed() throws {
        let client = try boundClient()
        let renewAt = start + .seconds(1800)
        _ = client.advance(to: renewAt)
        let request = try #require(client.nextMessage(now: renewAt))
        #expect(client.receive(reply(.acknowledge, to: request), now: renewAt) == configured)
        #expect(client.nextDeadline == renewAt + .seconds(1800))
        #expect(try boundClient(lease: .max).nextDeadline == .distantFuture)
    }

    @Test("an absurdly short lease is stretched to a minute")
    func shortLease() throws {
        #expect(try boundClient(lease: 0).nextDeadline == start + .seconds(30))
    }

    @Test("through the whole stack: the address is configured, announced and lost")
    func throughTheStack() throws {
        let host = Host(NetworkConfiguration(hardwareAddress: hardware, addressing: .dhcp))
        var now = Instant.origin
        for type in [DHCPMessage.MessageType.offer, .acknowledge] {
            let frame = try #require(host.nextFrame(now: now))
            let packet = try #require(ParsedIPv4(Array(frame.dropFirst(14))))
            #expect(packet.header.source == .unspecified && packet.header.destination == .broadcast)
            guard case .message(let request) = ParsedDHCP(Array(frame.dropFirst(42))) else {
                Issue.record("no DHCP message")
                return
            }
            host.receive(frameOf(reply(type, to: request)), now: now)
        }
        let interface = InterfaceAddress(address: offered, prefixLength: 24, gateway: server)
        #expect(host.stack.address == interface && host.allEvents() == [.addressConfigured(interface)])
        let announcement = try #require(host.nextFrame(now: now))
        #expect(parseEthernet(announcement)?.header.type == .arp)
        for _ in 0..<40 where host.stack.address != nil {
            now = host.nextDeadline
            host.stack.advance(to: now)
            _ = host.allFrames(now: now)
        }
        #expect(now == Instant.origin + .seconds(3600) && host.allEvents() == [.addressLost])
    }

    private func frameOf(_ message: DHCPMessage) -> [UInt8] {
        let count = message.byteCount
        return emitted(42 + count) {
            EthernetHeader(destination: hardware, source: EthernetAddress(2, 0, 0, 0, 0, 254), type: .ipv4)
                .emit(into: &$0)
            IPv4Header(
                source: server, destination: offered, protocol: .udp, identification: 0,
                payloadByteCount: 8 + count
            ).emit(into: &$0, at: 14)
            message.emit(into: &$0, at: 42)
            UDPHeader(sourcePort: 67, destinationPort: 68)
                .emit(source: server, destination: offered, payloadByteCount: count, into: &$0, at: 34)
        }
    }
}
