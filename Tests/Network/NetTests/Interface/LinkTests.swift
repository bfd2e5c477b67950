import MonotonicTime
@testable import Net
import Testing

/// A neighbor cache that `#expect` can change.
private final class CacheBox {
    private var cache = NeighborCache()

    func confirm(_ neighbor: IPv4Address, hardware: EthernetAddress, mayInsert: Bool, now: Instant) -> Bool {
        cache.confirm(neighbor, hardware: hardware, mayInsert: mayInsert, now: now)
    }

    func contains(_ neighbor: IPv4Address) -> Bool { cache.contains(neighbor) }
    func lookup(_ neighbor: IPv4Address, now: Instant) -> NeighborCache.Lookup { cache.lookup(neighbor, now: now) }
    func nextRequest() -> IPv4Address? { cache.nextRequest() }
}

@Suite("ARP, IPv4, ICMP and UDP")
struct LinkTests {
    private let host = Host(number: 1)
    private let peerHardware = EthernetAddress(2, 0, 0, 0, 0, 9)
    private let peer = IPv4Address(10, 0, 0, 9)
    private let now = Instant(nanoseconds: 1_000_000_000)

    init() { _ = host.allFrames(now: now) }

    private func arp(_ operation: ARPPacket.Operation, from sender: IPv4Address, to target: IPv4Address) -> [UInt8] {
        let packet = ARPPacket(
            operation: operation, senderHardware: peerHardware, senderProtocol: sender,
            targetHardware: EthernetAddress(bits: 0), targetProtocol: target)
        return emitted(42) {
            EthernetHeader(destination: .broadcast, source: peerHardware, type: .arp).emit(into: &$0)
            packet.emit(into: &$0, at: 14)
        }
    }

    private func arpPacket(_ frame: [UInt8]?) -> ARPPacket? {
        guard let frame, let ethernet = parseEthernet(frame), ethernet.header.type == .arp,
            case .packet(let packet) = parseARP(ethernet.payload)
        else { return nil }
        return packet
    }

    /// An IPv4 frame from the peer; `adjust` may damage the packet before the header checksum is written.
    private func ip(
        _ protocol: IPProtocol, to destination: IPv4Address? = nil, from source: IPv4Address? = nil,
        _ payload: [UInt8], adjust: (inout [UInt8]) -> Void = { _ in }
    ) -> [UInt8] {
        let header = IPv4Header(
            source: source ?? peer, destination: destination ?? host.address,
            protocol: `protocol`, identification: 1, payloadByteCount: payload.count)
        var frame = emitted(34 + payload.count) {
            EthernetHeader(destination: host.hardware, source: peerHardware, type: .ipv4).emit(into: &$0)
            header.emit(into: &$0, at: 14)
            $0.copy(payload.span.bytes, at: 34)
        }
        adjust(&frame)
        frame[24] = 0
        frame[25] = 0
        var checksum = InternetChecksum()
        checksum.add(frame.span.bytes.extracting(14..<34))
        frame[24] = UInt8(checksum.value >> 8)
        frame[25] = UInt8(checksum.value & 0xFF)
        return frame
    }

    private func echo(_ payload: [UInt8]) -> [UInt8] {
        let header = ICMPv4Header(type: 8, code: 0, restOfHeader: 0x0001_0002)
        return emitted(8 + payload.count) { header.emit(payload: payload.span.bytes, into: &$0, at: 0) }
    }

    private func udp(to port: UInt16) -> [UInt8] {
        emitted(12) {
            $0.copy(([1, 2, 3, 4] as [UInt8]).span.bytes, at: 8)
            UDPHeader(sourcePort: 5000, destinationPort: port)
                .emit(source: peer, destination: host.address, payloadByteCount: 4, into: &$0, at: 0)
        }
    }

    private func icmpMessage(_ frame: [UInt8]?) -> (header: ICMPv4Header, payload: [UInt8], destination: IPv4Address)? {
        guard let frame, let ethernet = parseEthernet(frame), ethernet.header.destination == peerHardware,
            let packet = ParsedIPv4(ethernet.payload), packet.isChecksumValid, packet.header.protocol == .icmp,
            let message = ParsedICMP(packet.payload), message.isChecksumValid
        else { return nil }
        return (message.header, message.payload, packet.header.destination)
    }

    @Test("a new address is announced by a gratuitous request")
    func announcement() {
        let fresh = Host(number: 3)
        let packet = arpPacket(fresh.nextFrame(now: now))
        #expect(packet?.operation == .request)
        #expect(packet?.senderProtocol == fresh.address && packet?.targetProtocol == fresh.address)
        #expect(fresh.nextFrame(now: now) == nil)
    }

    @Test("a request for our address is answered; one for others is not")
    func arpReply() {
        host.receive(arp(.request, from: peer, to: host.address), now: now)
        let reply = arpPacket(host.nextFrame(now: now))
        #expect(reply?.operation == .reply && reply?.senderHardware == host.hardware)
        #expect(reply?.targetHardware == peerHardware && reply?.targetProtocol == peer)
        host.receive(arp(.request, from: peer, to: IPv4Address(10, 0, 0, 77)), now: now)
        #expect(host.nextFrame(now: now) == nil)
    }

    @Test("an echo request is answered with its own data, after the sender's address was asked for")
    func echoReply() {
        let data = [UInt8]("are you there?".utf8)
        host.receive(ip(.icmp, echo(data)), now: now)
        #expect(arpPacket(host.nextFrame(now: now))?.targetProtocol == peer)
        #expect(host.nextFrame(now: now) == nil)
        host.receive(arp(.reply, from: peer, to: host.address), now: now)
        let reply = icmpMessage(host.nextFrame(now: now))
        #expect(reply?.header == ICMPv4Header(type: 0, code: 0, restOfHeader: 0x0001_0002))
        #expect(reply?.payload == data && reply?.destination == peer)
    }

    @Test("an echo of the largest packet fits; a damaged one is dropped")
    func echoLimits() {
        host.receive(arp(.request, from: peer, to: host.address), now: now)
        _ = host.allFrames(now: now)
        host.receive(ip(.icmp, echo([UInt8](repeating: 1, count: 1472))), now: now)
        #expect(host.nextFrame(now: now)?.count == 1514)
        var damaged = echo([1, 2, 3])
        damaged[9] ^= 1
        host.receive(ip(.icmp, damaged), now: now)
        #expect(host.nextFrame(now: now) == nil && host.statistics.drops.badChecksum == 1)
    }

    @Test("a neighbor that never answers: three requests a second apart, then its packets are dropped")
    func silentNeighbor() {
        host.receive(ip(.icmp, echo([1])), now: now)
        var requests = 0
        var time = now
        for _ in 0..<5 {
            requests += host.allFrames(now: time).count { arpPacket($0) != nil }
            guard host.nextDeadline != .distantFuture else { break }
            time = host.nextDeadline
            host.stack.advance(to: time)
        }
        #expect(requests == 3 && host.statistics.drops.unreachable == 1)
        #expect(time - now == .seconds(3))
    }

    @Test("only asked-for neighbors and those who ask for us are remembered, and never more than the bound")
    func boundedCache() {
        let cache = CacheBox()
        let stranger = IPv4Address(10, 0, 0, 50)
        #expect(!cache.confirm(stranger, hardware: peerHardware, mayInsert: false, now: now))
        #expect(!cache.contains(stranger))
        for index in 0..<300 as Range<UInt32> {
            _ = cache.confirm(
                IPv4Address(bits: 0x0A00_0000 + index), hardware: peerHardware, mayInsert: true,
                now: now + .milliseconds(UInt64(index)))
        }
        let known = (0..<300 as Range<UInt32>).filter { cache.contains(IPv4Address(bits: 0x0A00_0000 + $0)) }
        #expect(known.count == Limits.neighborCount && known.last == 299)
    }

    @Test("an old entry is refreshed while it is used, and forgotten when nobody confirms it")
    func refresh() {
        let cache = CacheBox()
        _ = cache.confirm(peer, hardware: peerHardware, mayInsert: true, now: now)
        #expect(cache.lookup(peer, now: now + .seconds(59)) == .found(peerHardware) && cache.nextRequest() == nil)
        #expect(cache.lookup(peer, now: now + .seconds(61)) == .found(peerHardware) && cache.nextRequest() == peer)
        #expect(cache.lookup(peer, now: now + .seconds(121)) == .pending && cache.nextRequest() == peer)
    }

    @Test("a destination outside the prefix goes to the gateway; without one it is unreachable")
    func routing() {
        host.receive(ip(.icmp, from: IPv4Address(8, 8, 8, 8), echo([1])), now: now)
        #expect(arpPacket(host.nextFrame(now: now))?.targetProtocol == IPv4Address(10, 0, 0, 254))
        let isolated = Host(number: 1) {
            $0.addressing = .static(InterfaceAddress(address: IPv4Address(10, 0, 0, 1), prefixLength: 24))
        }
        _ = isolated.allFrames(now: now)
        isolated.receive(ip(.icmp, from: IPv4Address(8, 8, 8, 8), echo([1])), now: now)
        #expect(isolated.nextFrame(now: now) == nil && isolated.statistics.drops.unreachable == 1)
    }

    @Test("a closed UDP port and an unknown protocol are answered by ICMP with a quotation")
    func unreachable() {
        host.receive(arp(.request, from: peer, to: host.address), now: now)
        _ = host.allFrames(now: now)
        let datagram = ip(.udp, udp(to: 53))
        host.receive(datagram, now: now)
        let error = icmpMessage(host.nextFrame(now: now))
        #expect(error?.header.type == 3 && error?.header.code == 3)
        #expect(error?.payload == Array(datagram[14..<42]))
        host.receive(ip(IPProtocol(rawValue: 132), [1, 2]), now: now)
        #expect(icmpMessage(host.nextFrame(now: now))?.header.code == 2)
        host.receive(ip(.udp, to: .broadcast, udp(to: 53)), now: now)
        #expect(host.nextFrame(now: now) == nil, "broadcasts are not answered")
    }

    @Test("errors are limited in rate")
    func rateLimit() {
        for _ in 0..<Limits.unsolicitedReplyCountPerSecond + 5 { host.receive(ip(.udp, udp(to: 53)), now: now) }
        #expect(host.statistics.drops.rateLimited == 5)
    }

    @Test("fragments, source routes, martians and foreign frames are dropped and counted")
    func drops() {
        host.receive(ip(.icmp, echo([1])) { $0[20] = 0x20 }, now: now)
        #expect(host.statistics.drops.fragment == 1)
        for source in [
            host.address, IPv4Address(127, 0, 0, 1), IPv4Address(224, 0, 0, 1), .broadcast, .unspecified,
            IPv4Address(10, 0, 0, 255),
        ] {
            host.receive(ip(.icmp, from: source, echo([1])), now: now)
        }
        #expect(host.statistics.drops.illegalSource == 6)
        host.receive(ip(.icmp, to: IPv4Address(10, 0, 0, 8), echo([1])), now: now)
        host.receive(ip(.icmp, echo([1])) { $0[5] = 0x55 }, now: now)
        host.receive(ip(.tcp, to: .broadcast, [UInt8](repeating: 0, count: 20)), now: now)
        #expect(host.statistics.drops.notForUs == 3)
        var badHeader = ip(.icmp, echo([1]))
        badHeader[22] ^= 1
        host.receive(badHeader, now: now)
        #expect(host.statistics.drops.badChecksum == 1)
        host.receive([1, 2, 3], now: now)
        host.receive(Array(ip(.icmp, echo([1])).prefix(20)), now: now)
        #expect(host.statistics.drops.malformed == 2)
        #expect(host.allFrames(now: now).isEmpty)
    }

    @Test("a wrong TCP checksum is dropped, unless the device vouches for it")
    func checksumValidated() {
        host.listen(80)
        let header = TCPHeader(
            sourcePort: 1, destinationPort: 80, sequence: SequenceNumber(0),
            acknowledgment: SequenceNumber(0), flags: .syn, window: 100)
        let segment = emitted(20) { header.emit(into: &$0, at: 0) }
        host.receive(ip(.tcp, segment), now: now)
        #expect(host.statistics.drops.badChecksum == 1 && host.statistics.tcp.receivedSegments == 0)
        host.receive(ip(.tcp, segment), checksumValidated: true, now: now)
        #expect(host.statistics.tcp.receivedSegments == 1)
    }

    @Test("with checksum offload the frame names what the device must fill in")
    func checksumOffload() throws {
        let server = Host(number: 1) { $0.isTransmitChecksumOffloaded = true }
        server.listen(80)
        server.receive(arp(.request, from: peer, to: server.address), now: now)
        let header = TCPHeader(
            sourcePort: 1, destinationPort: 80, sequence: SequenceNumber(0),
            acknowledgment: SequenceNumber(0), flags: .syn, window: 100)
        server.receive(ip(.tcp, emitted(20) { header.emit(into: &$0, at: 0) }), checksumValidated: true, now: now)
        var frame: [UInt8] = []
        var request: ChecksumRequest?
        while let (next, descriptor) = server.nextFrameAndDescriptor(now: now) {
            if let checksum = descriptor.checksum { (frame, request) = (next, checksum) }
        }
        #expect(request == ChecksumRequest(start: 34, offset: 16))
        // What the device does: the field holds the pseudo header's sum already.
        var device = InternetChecksum()
        device.add(frame.span.bytes.extracting(droppingFirst: 34))
        frame[50] = UInt8(device.value >> 8)
        frame[51] = UInt8(device.value & 0xFF)
        let packet = try #require(ParsedIPv4(Array(frame.dropFirst(14))))
        #expect(
            ParsedTCP(packet.payload, source: packet.header.source, destination: packet.header.destination)?
                .isChecksumValid == true)
    }
}
