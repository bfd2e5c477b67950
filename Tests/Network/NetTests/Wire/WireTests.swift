@testable import Net
import TestSupport
import Testing

/// Lets `write` fill `byteCount` bytes.
func emitted(_ byteCount: Int, _ write: (inout MutableRawSpan) -> Void) -> [UInt8] {
    // Filled with a pattern, so that bytes that nobody writes show up.
    var bytes = [UInt8](repeating: 0xAA, count: byteCount)
    var span = bytes.mutableSpan
    var target = span.mutableBytes
    write(&target)
    return bytes
}

@Suite("Wire formats")
struct WireTests {
    private let here = IPv4Address(10, 0, 0, 1), there = IPv4Address(192, 168, 1, 200)

    @Test("Ethernet: round trip, and nothing below 14 bytes")
    func ethernet() {
        let header = EthernetHeader(destination: EthernetAddress(1, 2, 3, 4, 5, 6), source: .broadcast, type: .arp)
        let bytes = emitted(16) { header.emit(into: &$0) }
        #expect(bytes.prefix(14) == [1, 2, 3, 4, 5, 6, 255, 255, 255, 255, 255, 255, 8, 6])
        #expect(parseEthernet(bytes)?.header == header && parseEthernet(bytes)?.payload.count == 2)
        #expect(parseEthernet(Array(bytes.prefix(13))) == nil)
        #expect(header.destination.description == "01:02:03:04:05:06")
        #expect(EthernetAddress.broadcast.isGroup && !EthernetAddress(2, 0, 0, 0, 0, 1).isGroup)
    }

    @Test("IPv4 addresses: dotted decimal both ways, and what is refused")
    func addresses() {
        #expect(IPv4Address("192.168.1.200") == there && there.description == "192.168.1.200")
        for text in ["", "1.2.3", "1.2.3.4.5", "256.1.1.1", "1..2.3", "1.2.3.4 ", "a.b.c.d", "0001.1.1.1", "1.2.3."] {
            #expect(IPv4Address(text) == nil, "\(text)")
        }
        #expect(!IPv4Address(224, 0, 0, 1).isUnicast && !IPv4Address(127, 0, 0, 1).isUnicast)
        #expect(!IPv4Address.broadcast.isUnicast && !IPv4Address.unspecified.isUnicast && there.isUnicast)
    }

    @Test("ARP: round trip; other hardware, protocols and operations are refused")
    func arp() {
        let packet = ARPPacket(
            operation: .reply, senderHardware: EthernetAddress(2, 0, 0, 0, 0, 1),
            senderProtocol: here, targetHardware: EthernetAddress(2, 0, 0, 0, 0, 2),
            targetProtocol: there)
        let bytes = emitted(28) { packet.emit(into: &$0, at: 0) }
        #expect(parseARP(bytes) == .packet(packet))
        #expect(parseARP(Array(bytes.prefix(27))) == .noView)
        for offset in 0..<6 {
            var damaged = bytes
            damaged[offset] ^= 0x40
            #expect(parseARP(damaged) == .noView, "byte \(offset)")
        }
        var strange = bytes
        strange[7] = 9
        #expect(parseARP(strange) == .noPacket)
    }

    @Test("IPv4: round trip with a valid checksum; link padding is cut off")
    func ipv4() {
        let header = IPv4Header(
            source: here, destination: there, protocol: .udp, identification: 77,
            payloadByteCount: 4)
        let bytes = emitted(46) { header.emit(into: &$0, at: 0) }
        let parsed = ParsedIPv4(bytes)
        #expect(parsed?.header == header && parsed?.isChecksumValid == true)
        #expect(parsed?.payload.count == 4 && parsed?.isFragment == false)
        var damaged = bytes
        damaged[8] ^= 1
        #expect(ParsedIPv4(damaged)?.isChecksumValid == false)
    }

    @Test("IPv4: impossible versions and lengths have no view")
    func malformedIPv4() {
        let header = IPv4Header(
            source: here, destination: there, protocol: .udp, identification: 0,
            payloadByteCount: 0)
        let good = emitted(20) { header.emit(into: &$0, at: 0) }
        let damages: [(Int, UInt8)] = [(0, 0x65), (0, 0x44), (0, 0x46), (3, 19), (3, 21), (2, 0xFF)]
        for (offset, value) in damages {
            var bytes = good
            bytes[offset] = value
            #expect(ParsedIPv4(bytes) == nil, "byte \(offset) = \(value)")
        }
        #expect(ParsedIPv4(Array(good.prefix(19))) == nil)
    }

    @Test("IPv4: fragments and source routes are recognised")
    func fragmentsAndOptions() {
        let header = IPv4Header(
            source: here, destination: there, protocol: .udp, identification: 0,
            payloadByteCount: 8)
        let good = emitted(28) { header.emit(into: &$0, at: 0) }
        for (offset, value) in [(6, UInt8(0x20)), (6, 0x01), (7, 0x01)] {
            var bytes = good
            bytes[offset] = value
            #expect(ParsedIPv4(bytes)?.isFragment == true)
        }
        func hasSourceRoute(_ options: [UInt8]) -> Bool? {
            var bytes = good
            bytes[0] = 0x46
            bytes.replaceSubrange(20..<24, with: options)
            return ParsedIPv4(bytes)?.hasSourceRoute
        }
        #expect(hasSourceRoute([1, 1, 1, 131]) == true)
        #expect(hasSourceRoute([137, 3, 4, 0]) == true)
        #expect(hasSourceRoute([0, 131, 0, 0]) == false)
        #expect(hasSourceRoute([7, 0, 131, 0]) == true, "a zero length cannot stop the walk")
        #expect(hasSourceRoute([1, 1, 1, 7]) == false)
    }

    @Test("ICMP: round trip with payload and checksum")
    func icmp() {
        let header = ICMPv4Header(type: 8, code: 0, restOfHeader: 0x0102_0304)
        let bytes = emitted(11) { header.emit(payload: ([5, 6, 7] as [UInt8]).span.bytes, into: &$0, at: 0) }
        let parsed = ParsedICMP(bytes)
        #expect(parsed?.header == header && parsed?.isChecksumValid == true && parsed?.payload == [5, 6, 7])
        #expect(ParsedICMP(Array(bytes.prefix(7))) == nil)
    }

    @Test("UDP: round trip; the length field must fit; a zero checksum means none")
    func udp() {
        let header = UDPHeader(sourcePort: 68, destinationPort: 67)
        var bytes = emitted(11) {
            $0.copy(([1, 2, 3] as [UInt8]).span.bytes, at: 8)
            header.emit(source: here, destination: there, payloadByteCount: 3, into: &$0, at: 0)
        }
        let parsed = ParsedUDP(bytes, source: here, destination: there)
        #expect(parsed?.header == header && parsed?.isChecksumValid == true && parsed?.payloadByteCount == 3)
        #expect(ParsedUDP(bytes, source: there, destination: there)?.isChecksumValid == false)
        bytes[6] = 0
        bytes[7] = 0
        #expect(ParsedUDP(bytes, source: there, destination: there)?.isChecksumValid == true)
        for length in [12, 7] as [UInt8] {
            bytes[5] = length
            #expect(ParsedUDP(bytes, source: here, destination: there) == nil)
        }
    }

    @Test("TCP: round trip of every option combination")
    func tcp() {
        for mask in 0..<16 {
            var options = TCPOptions()
            if mask & 1 != 0 { options.maximumSegmentSize = 1460 }
            if mask & 2 != 0 { options.windowShift = 7 }
            if mask & 4 != 0 { options.isSACKPermitted = true }
            if mask & 8 != 0 { options.timestamps = TCPTimestamps(value: 0xDEAD_BEEF, echo: 5) }
            check(options)
        }
        var options = TCPOptions(timestamps: TCPTimestamps(value: 1, echo: 2))
        for index in 0..<3 as Range<UInt32> {
            let start = SequenceNumber(index * 100)
            options.sackBlocks.append(SequenceRange(start: start, end: start + 50))
            check(options)
        }
        #expect(options.byteCount == TCPOptions.byteCountMax)
    }

    private func check(_ options: TCPOptions) {
        let header = TCPHeader(
            sourcePort: 80, destinationPort: 4000, sequence: SequenceNumber(1),
            acknowledgment: SequenceNumber(2), flags: [.ack, .psh], window: 500, options: options)
        let bytes = emitted(header.totalByteCount + 2) { header.emit(into: &$0, at: 0) }
        let parsed = ParsedTCP(bytes)
        #expect(parsed?.header == header && parsed?.payloadByteCount == 2)
    }

    @Test("TCP: an impossible data offset has no view; a malformed option ends the list")
    func malformedTCP() {
        let header = TCPHeader(
            sourcePort: 1, destinationPort: 2, sequence: SequenceNumber(0),
            acknowledgment: SequenceNumber(0), flags: .syn, window: 1,
            options: TCPOptions(
                maximumSegmentSize: 1000,
                timestamps: TCPTimestamps(value: 1, echo: 2)))
        let good = emitted(header.totalByteCount) { header.emit(into: &$0, at: 0) }
        for offset in [0x40, 0xF0] as [UInt8] {
            var bytes = good
            bytes[12] = offset
            #expect(ParsedTCP(bytes) == nil)
        }
        for length in [0, 1, 200] as [UInt8] {
            var bytes = good
            bytes[27] = length
            #expect(ParsedTCP(bytes)?.header.options == TCPOptions(maximumSegmentSize: 1000))
        }
        #expect(TCPOptions(parsing: ([3, 3, 200] as [UInt8]).span.bytes).windowShift == 14, "the largest shift")
        #expect(TCPOptions(parsing: ([2] as [UInt8]).span.bytes) == TCPOptions())
        #expect(TCPOptions(parsing: ([5, 9, 0, 0, 0, 0, 0, 0, 0] as [UInt8]).span.bytes).sackBlocks.count == 0)
    }

    @Test("DHCP: round trip of both directions; at least 300 bytes; malformed options end the list")
    func dhcp() {
        var message = DHCPMessage(
            operation: .reply, type: .offer, transactionID: 0xCAFE_F00D,
            clientHardware: EthernetAddress(2, 0, 0, 0, 0, 7))
        message.yourAddress = here
        message.subnetMask = IPv4Address(255, 255, 255, 0)
        message.router = there
        message.leaseSeconds = 3600
        message.serverIdentifier = there
        message.renewalSeconds = 1800
        message.rebindingSeconds = 3000
        let bytes = emitted(message.byteCount) { message.emit(into: &$0, at: 0) }
        #expect(bytes.count == 300 && ParsedDHCP(bytes) == .message(message))

        message.operation = .request
        message.requestedAddress = here
        #expect(ParsedDHCP(emitted(message.byteCount) { message.emit(into: &$0, at: 0) }) == .message(message))

        #expect(ParsedDHCP(Array(bytes.prefix(239))) == .noView)
        var noCookie = bytes
        noCookie[236] = 0
        #expect(ParsedDHCP(noCookie) == .noView)
        var overlong = bytes
        overlong[241] = 255
        #expect(ParsedDHCP(overlong) == .noMessage)
    }
}

@Suite("Checksum, sequence numbers and SipHash")
struct ArithmeticTests {
    @Test("the example of RFC 1071, section 3")
    func example() {
        var checksum = InternetChecksum()
        checksum.add(([0x00, 0x01, 0xF2, 0x03, 0xF4, 0xF5, 0xF6, 0xF7] as [UInt8]).span.bytes)
        #expect(checksum.foldedSum == 0xDDF2)
    }

    @Test("agrees with the textbook sum at every length and content")
    func againstReference() {
        var generator = SplitMix64(seed: 5)
        for length in 0..<70 {
            let bytes = length % 2 == 0 ? generator.bytes(length) : [UInt8](repeating: 0xFF, count: length)
            var sum = 0
            for index in stride(from: 0, to: length, by: 2) {
                sum += Int(bytes[index]) << 8 + (index + 1 < length ? Int(bytes[index + 1]) : 0)
            }
            while sum > 0xFFFF { sum = sum & 0xFFFF + sum >> 16 }
            var checksum = InternetChecksum()
            checksum.add(bytes.span.bytes)
            #expect(checksum.foldedSum == UInt16(sum), "length \(length)")
        }
    }

    @Test("sequence numbers wrap")
    func wrapping() {
        let high = SequenceNumber(0xFFFF_FFF0), low = high + 0x20
        #expect(low.value == 0x10 && low > high && high < low && low - high == 0x20 && high - low == -0x20)
        #expect(SequenceNumber.later(high, low) == low)
    }

    @Test("SipHash-2-4 gives the values of its reference implementation")
    func sipHash() {
        // Key 00 01 ... 0f; messages 00 01 ... of 0, 8 and 16 bytes (vectors 0, 8 and 16 of the reference code).
        let key = NetworkSecret(0x0706_0504_0302_0100, 0x0F0E_0D0C_0B0A_0908)
        var hash = SipHash(key: key)
        #expect(hash.finalized() == 0x726F_DB47_DD0E_0E31)
        hash.combine(0x0706_0504_0302_0100)
        #expect(hash.finalized() == 0x93F5_F579_9A93_2462)
        hash.combine(0x0F0E_0D0C_0B0A_0908)
        #expect(hash.finalized() == 0x3F2A_CC7F_57C2_9BDB)
    }
}
