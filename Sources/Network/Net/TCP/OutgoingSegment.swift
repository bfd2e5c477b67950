/// A segment that a connection wants to send: its header, and where in the send buffer its payload lies.
struct OutgoingSegment: Equatable, Sendable {
    var header: TCPHeader
    var payloadOffset = 0
    var payloadByteCount = 0
}

/// A segment without connection: a reset for `endpoints`.
struct TCPReset: Equatable, Sendable {
    var endpoints: TCPEndpoints
    var header: TCPHeader

    /// The reset that answers `segment` (RFC 9293, section 3.5.2, group 1).
    init(answering segment: TCPHeader, payloadByteCount: Int, endpoints: TCPEndpoints) {
        let hasAcknowledgment = segment.flags.contains(.ack)
        let length = segment.sequenceLength(payloadByteCount: payloadByteCount)
        self.init(
            endpoints: endpoints,
            sequence: hasAcknowledgment ? segment.acknowledgment : SequenceNumber(0),
            acknowledgment: hasAcknowledgment ? nil : segment.sequence + length)
    }

    init(endpoints: TCPEndpoints, sequence: SequenceNumber, acknowledgment: SequenceNumber?) {
        self.endpoints = endpoints
        header = TCPHeader(
            sourcePort: endpoints.localPort, destinationPort: endpoints.remotePort,
            sequence: sequence, acknowledgment: acknowledgment ?? SequenceNumber(0),
            flags: acknowledgment == nil ? .rst : [.rst, .ack], window: 0)
    }
}
