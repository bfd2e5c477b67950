/// Option numbers (RFC 2132).
enum DHCPOption {
    static var pad: UInt8 { 0 }
    static var subnetMask: UInt8 { 1 }
    static var router: UInt8 { 3 }
    static var requestedAddress: UInt8 { 50 }
    static var leaseTime: UInt8 { 51 }
    static var messageType: UInt8 { 53 }
    static var serverIdentifier: UInt8 { 54 }
    static var parameterRequestList: UInt8 { 55 }
    static var renewalTime: UInt8 { 58 }
    static var rebindingTime: UInt8 { 59 }
    static var clientIdentifier: UInt8 { 61 }
    static var end: UInt8 { 255 }
}

extension DHCPMessage {
    /// Reads the option field. A malformed option ends it. Returns whether there was a known message type.
    mutating func parse(options bytes: RawSpan) -> Bool {
        var hasType = false
        var offset = 0
        while offset < bytes.byteCount {
            let code = bytes.byte(at: offset)
            if code == DHCPOption.end { break }
            if code == DHCPOption.pad { offset += 1; continue }
            guard offset + 1 < bytes.byteCount else { break }
            let length = Int(bytes.byte(at: offset + 1))
            guard offset + 2 + length <= bytes.byteCount else { break }
            let body = bytes.extracting(offset + 2..<offset + 2 + length)
            if code == DHCPOption.messageType, length == 1 {
                guard let known = MessageType(rawValue: body.byte(at: 0)) else { return false }
                type = known
                hasType = true
            } else if length >= 4 {
                parse(option: code, word: body.bigEndian32(at: 0))
            }
            offset += 2 + length
        }
        return hasType
    }

    private mutating func parse(option code: UInt8, word: UInt32) {
        switch code {
        case DHCPOption.subnetMask: subnetMask = IPv4Address(bits: word)
        case DHCPOption.router: router = IPv4Address(bits: word)
        case DHCPOption.requestedAddress: requestedAddress = IPv4Address(bits: word)
        case DHCPOption.leaseTime: leaseSeconds = word
        case DHCPOption.serverIdentifier: serverIdentifier = IPv4Address(bits: word)
        case DHCPOption.renewalTime: renewalSeconds = word
        case DHCPOption.rebindingTime: rebindingSeconds = word
        default: break
        }
    }

    /// What `emit` writes: the fixed part and the options, at least BOOTP's minimum.
    var byteCount: Int { max(Self.byteCountMin, Offset.options + optionByteCount) }

    private var optionByteCount: Int {
        let words = [
            subnetMask != nil, router != nil, requestedAddress != nil, leaseSeconds != nil,
            serverIdentifier != nil, renewalSeconds != nil, rebindingSeconds != nil,
        ]
        let type = 3, end = 1
        return type + clientOptionByteCount + end + words.count { $0 } * 6
    }

    /// A client names itself (RFC 2131, section 4.2) and asks for what it needs.
    private var clientOptionByteCount: Int { operation == .request ? 9 + 7 : 0 }

    /// Writes exactly `byteCount` bytes at `offset`.
    func emit(into buffer: inout MutableRawSpan, at offset: Int) {
        buffer.zero(at: offset, count: byteCount)
        buffer.store(operation.rawValue, at: offset + Offset.operation)
        buffer.store(UInt8(1), at: offset + Offset.hardwareType)
        buffer.store(UInt8(6), at: offset + Offset.hardwareLength)
        buffer.storeBigEndian(transactionID, at: offset + Offset.transactionID)
        buffer.storeBigEndian(secondsElapsed, at: offset + Offset.secondsElapsed)
        buffer.store(clientAddress, at: offset + Offset.clientAddress)
        buffer.store(yourAddress, at: offset + Offset.yourAddress)
        buffer.store(clientHardware, at: offset + Offset.clientHardware)
        buffer.storeBigEndian(Self.magicCookie, at: offset + Offset.magicCookie)
        emitOptions(into: &buffer, at: offset + Offset.options)
    }

    private func emitOptions(into buffer: inout MutableRawSpan, at offset: Int) {
        buffer.store(DHCPOption.messageType, at: offset)
        buffer.store(UInt8(1), at: offset + 1)
        buffer.store(type.rawValue, at: offset + 2)
        var cursor = offset + 3
        if operation == .request { emitClientOptions(into: &buffer, at: &cursor) }
        emit(DHCPOption.subnetMask, subnetMask?.bits, into: &buffer, at: &cursor)
        emit(DHCPOption.router, router?.bits, into: &buffer, at: &cursor)
        emit(DHCPOption.requestedAddress, requestedAddress?.bits, into: &buffer, at: &cursor)
        emit(DHCPOption.leaseTime, leaseSeconds, into: &buffer, at: &cursor)
        emit(DHCPOption.serverIdentifier, serverIdentifier?.bits, into: &buffer, at: &cursor)
        emit(DHCPOption.renewalTime, renewalSeconds, into: &buffer, at: &cursor)
        emit(DHCPOption.rebindingTime, rebindingSeconds, into: &buffer, at: &cursor)
        buffer.store(DHCPOption.end, at: cursor)
    }

    private func emitClientOptions(into buffer: inout MutableRawSpan, at cursor: inout Int) {
        buffer.store(DHCPOption.clientIdentifier, at: cursor)
        buffer.store(UInt8(7), at: cursor + 1)
        buffer.store(UInt8(1), at: cursor + 2)
        buffer.store(clientHardware, at: cursor + 3)
        buffer.store(DHCPOption.parameterRequestList, at: cursor + 9)
        buffer.store(UInt8(5), at: cursor + 10)
        buffer.store(DHCPOption.subnetMask, at: cursor + 11)
        buffer.store(DHCPOption.router, at: cursor + 12)
        buffer.store(DHCPOption.leaseTime, at: cursor + 13)
        buffer.store(DHCPOption.renewalTime, at: cursor + 14)
        buffer.store(DHCPOption.rebindingTime, at: cursor + 15)
        cursor += 16
    }

    private func emit(_ code: UInt8, _ word: UInt32?, into buffer: inout MutableRawSpan, at cursor: inout Int) {
        guard let word else { return }
        buffer.store(code, at: cursor)
        buffer.store(UInt8(4), at: cursor + 1)
        buffer.storeBigEndian(word, at: cursor + 2)
        cursor += 6
    }
}
