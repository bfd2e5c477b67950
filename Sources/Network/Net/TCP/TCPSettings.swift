import MonotonicTime

/// What a connection needs to know about its host.
struct TCPSettings: Sendable {
    /// The largest payload of a segment without options that the link carries.
    var maximumSegmentSize: Int
    var receiveBufferByteCount: Int
    var sendBufferByteCount: Int
    var timeWait: Interval
    var lingerTimeout: Interval
    var keepAlive: KeepAlive?

    init(maximumTransmissionUnit: Int, transport: TransportConfiguration) {
        maximumSegmentSize = max(maximumTransmissionUnit, 576) - IPv4Header.byteCount - TCPHeader.byteCount
        receiveBufferByteCount = max(transport.receiveBufferByteCount, 4096)
        sendBufferByteCount = max(transport.sendBufferByteCount, 4096)
        timeWait = transport.timeWait
        lingerTimeout = transport.lingerTimeout
        keepAlive = transport.keepAlive
    }

    /// The smallest shift with which the whole receive buffer can be advertised (RFC 7323, section 2).
    var windowShift: UInt8 {
        var shift: UInt8 = 0
        while shift < TCPOptions.windowShiftMax, receiveBufferByteCount >> Int(shift) > 0xFFFF { shift += 1 }
        return shift
    }
}

/// The two ends of a connection.
struct TCPEndpoints: Equatable, Sendable {
    var localAddress: IPv4Address
    var localPort: UInt16
    var remoteAddress: IPv4Address
    var remotePort: UInt16

    var key: FlowKey { FlowKey(remoteAddress: remoteAddress, remotePort: remotePort, localPort: localPort) }
}
