/// A checked view of a DHCP message (RFC 2131, section 2).
struct DHCPView: ~Escapable {
    private let bytes: RawSpan

    @_lifetime(copy bytes)
    init?(_ bytes: RawSpan) {
        guard bytes.byteCount >= DHCPMessage.Offset.options,
            bytes.byte(at: DHCPMessage.Offset.hardwareType) == 1,
            bytes.byte(at: DHCPMessage.Offset.hardwareLength) == 6,
            bytes.bigEndian32(at: DHCPMessage.Offset.magicCookie) == DHCPMessage.magicCookie
        else { return nil }
        self.bytes = bytes
    }

    /// The message as a value; nil without a known operation and message type.
    var message: DHCPMessage? {
        guard let operation = DHCPMessage.Operation(rawValue: bytes.byte(at: DHCPMessage.Offset.operation)) else {
            return nil
        }
        var message = DHCPMessage(
            operation: operation, type: .discover,
            transactionID: bytes.bigEndian32(at: DHCPMessage.Offset.transactionID),
            clientHardware: bytes.ethernetAddress(at: DHCPMessage.Offset.clientHardware))
        message.secondsElapsed = bytes.bigEndian16(at: DHCPMessage.Offset.secondsElapsed)
        message.clientAddress = bytes.ipv4Address(at: DHCPMessage.Offset.clientAddress)
        message.yourAddress = bytes.ipv4Address(at: DHCPMessage.Offset.yourAddress)
        let hasType = message.parse(options: bytes.extracting(droppingFirst: DHCPMessage.Offset.options))
        return hasType ? message : nil
    }
}

/// A DHCP message with the options this stack sends and understands.
struct DHCPMessage: Equatable {
    enum Operation: UInt8 {
        case request = 1
        case reply = 2
    }

    enum MessageType: UInt8 {
        case discover = 1, offer, request, decline, acknowledge, negativeAcknowledge, release, inform
    }

    static var serverPort: UInt16 { 67 }
    static var clientPort: UInt16 { 68 }
    static var magicCookie: UInt32 { 0x6382_5363 }
    /// Some relays drop messages that are shorter than BOOTP's 300 bytes (RFC 1542, section 2.1).
    static var byteCountMin: Int { 300 }

    enum Offset {
        static var operation: Int { 0 }
        static var hardwareType: Int { 1 }
        static var hardwareLength: Int { 2 }
        static var hops: Int { 3 }
        static var transactionID: Int { 4 }
        static var secondsElapsed: Int { 8 }
        static var flags: Int { 10 }
        static var clientAddress: Int { 12 }
        static var yourAddress: Int { 16 }
        static var clientHardware: Int { 28 }
        static var magicCookie: Int { 236 }
        static var options: Int { 240 }
    }

    var operation: Operation
    var type: MessageType
    var transactionID: UInt32
    var clientHardware: EthernetAddress
    var secondsElapsed: UInt16 = 0
    /// ciaddr: the address the client already uses.
    var clientAddress = IPv4Address.unspecified
    /// yiaddr: the address the server hands out.
    var yourAddress = IPv4Address.unspecified
    var subnetMask: IPv4Address?
    var router: IPv4Address?
    var requestedAddress: IPv4Address?
    var leaseSeconds: UInt32?
    var serverIdentifier: IPv4Address?
    var renewalSeconds: UInt32?
    var rebindingSeconds: UInt32?
}
