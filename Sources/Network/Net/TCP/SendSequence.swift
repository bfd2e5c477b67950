/// The send side of a connection: sequence variables (RFC 9293, section 3.3.1) and the bytes not yet acknowledged.
struct SendSequence: Sendable {
    let initial: SequenceNumber
    /// SND.UNA
    var unacknowledged: SequenceNumber
    /// SND.NXT; falls back to SND.UNA after a retransmission timeout.
    var next: SequenceNumber
    /// Behind the highest sequence number that was ever sent.
    var highest: SequenceNumber
    /// SND.WND in bytes.
    var window = 0
    /// SND.WL1
    var windowUpdateSequence = SequenceNumber(0)
    /// SND.WL2
    var windowUpdateAcknowledgment = SequenceNumber(0)
    /// The largest window the peer ever offered.
    var largestWindow = 0
    /// The shift for windows that the peer sends; nil without window scaling.
    var windowShift: UInt8?
    /// The largest payload of a segment, options already subtracted.
    var maximumSegmentSize = Limits.segmentSizeDefault
    /// The user finished: FIN follows the last byte.
    var isFinished = false
    /// A write was cut short, and its writer wants to hear when there is room.
    var isWriterWaiting = false
    /// Unacknowledged and unsent bytes.
    var buffer: RingBuffer
    /// The sequence number of the buffer's first byte.
    private(set) var bufferStart: SequenceNumber

    init(initial: SequenceNumber, capacity: Int) {
        self.initial = initial
        unacknowledged = initial
        next = initial
        highest = initial
        bufferStart = initial + 1
        buffer = RingBuffer(capacity: capacity)
    }

    /// The sequence number of the FIN, if there is one: behind the last byte.
    var dataEnd: SequenceNumber { bufferStart + buffer.count }

    /// Everything to be sent ends here, FIN included.
    var end: SequenceNumber { isFinished ? dataEnd + 1 : dataEnd }

    /// Sent at some time and not acknowledged.
    var outstandingByteCount: Int { highest - unacknowledged }

    var isFinAcknowledged: Bool { isFinished && unacknowledged == dataEnd + 1 }

    /// Moves SND.UNA up to `acknowledgment` and forgets the acknowledged bytes.
    mutating func acknowledge(_ acknowledgment: SequenceNumber) {
        let acknowledgedData = min(max(0, acknowledgment - bufferStart), buffer.count)
        buffer.removeFirst(acknowledgedData)
        bufferStart = bufferStart + acknowledgedData
        unacknowledged = acknowledgment
        next = .later(next, acknowledgment)
    }

    /// Takes over the window of a segment unless a later segment has spoken already (RFC 9293, section 3.10.7.4).
    mutating func updateWindow(_ window: Int, sequence: SequenceNumber, acknowledgment: SequenceNumber) {
        guard
            windowUpdateSequence < sequence
                || (windowUpdateSequence == sequence && windowUpdateAcknowledgment <= acknowledgment)
        else { return }
        setWindow(window, sequence: sequence, acknowledgment: acknowledgment)
    }

    mutating func setWindow(_ window: Int, sequence: SequenceNumber, acknowledgment: SequenceNumber) {
        self.window = window
        largestWindow = max(largestWindow, window)
        windowUpdateSequence = sequence
        windowUpdateAcknowledgment = acknowledgment
    }
}
