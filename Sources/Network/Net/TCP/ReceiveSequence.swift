/// The receive side of a connection: sequence variables (RFC 9293, section 3.3.1), unread bytes and early arrivals.
struct ReceiveSequence: Sendable {
    /// RCV.NXT
    private(set) var next: SequenceNumber
    /// The right edge of the window as last advertised; it never moves left.
    private(set) var advertisedEdge: SequenceNumber
    /// The acknowledgment number last sent.
    private(set) var lastAcknowledged: SequenceNumber
    /// The shift of windows that we send.
    var windowShift: UInt8 = 0
    /// The user wants no more bytes: they are acknowledged and dropped.
    private(set) var isDiscarding = false
    /// The peer's FIN was taken.
    private(set) var isFinished = false
    private(set) var buffer: RingBuffer
    private(set) var early = ReassemblyRanges()
    /// Where the peer's FIN stands, once it was seen.
    private var finSequence: SequenceNumber?
    /// The largest payload seen: what "full-sized" means for this peer.
    private(set) var largestPayload = Limits.segmentSizeDefault

    init(next: SequenceNumber, capacity: Int) {
        self.next = next
        advertisedEdge = next
        lastAcknowledged = next
        buffer = RingBuffer(capacity: capacity)
    }

    /// RCV.WND: what may still arrive.
    var window: Int { max(0, advertisedEdge - next) }

    /// The window that the buffer's room allows.
    private var availableWindow: Int { isFinished ? 0 : buffer.room }

    /// Whether reading has opened the window so far that the peer should know. Never in small steps (silly window
    /// avoidance, RFC 9293, section 3.8.6.2.2): by half of the buffer, or by a segment when the peer may be stuck.
    var isWindowUpdateDue: Bool {
        let gain = availableWindow - window
        if gain >= buffer.capacity / 2 { return true }
        return window < largestPayload && gain >= min(buffer.capacity / 2, largestPayload)
    }

    /// Notes that an acknowledgment is being sent and returns its window field.
    mutating func advertise(isScaled: Bool) -> UInt16 {
        let shift = isScaled ? Int(windowShift) : 0
        var usable = window
        let gain = availableWindow - window
        if gain >= min(buffer.capacity / 2, largestPayload) { usable = availableWindow }
        // Rounded up, or rounding alone would pull the advertised edge back; the buffer's room stays the bound.
        let rounded = (usable + (1 << shift) - 1) >> shift
        let field = min(rounded, (availableWindow >> shift), 0xFFFF)
        advertisedEdge = .later(advertisedEdge, next + field << shift)
        lastAcknowledged = next
        return UInt16(truncatingIfNeeded: max(field, 0))
    }

    /// Takes the payload of a segment that was trimmed to the window. Returns how many bytes became readable in order;
    /// nil when the payload arrived early.
    mutating func take(_ payload: RawSpan, at sequence: SequenceNumber) -> Int? {
        largestPayload = max(largestPayload, payload.byteCount)
        guard sequence <= next else {
            let range = SequenceRange(start: sequence, end: sequence + payload.byteCount)
            if early.insert(range), !isDiscarding { buffer.stage(payload, at: sequence - next) }
            return nil
        }
        let skipped = next - sequence
        guard skipped < payload.byteCount else { return 0 }
        let fresh = payload.extracting(droppingFirst: skipped)
        if !isDiscarding { buffer.stage(fresh, at: 0) }
        let start = next
        next = next + fresh.byteCount
        next = next + early.advance(to: next)
        if !isDiscarding { buffer.commit(next - start) }
        return next - start
    }

    /// Notes where the peer's FIN stands.
    mutating func noteFin(at sequence: SequenceNumber) {
        if finSequence == nil { finSequence = sequence }
    }

    /// Takes the FIN when everything before it has arrived; true when that happens now.
    mutating func takeFin() -> Bool {
        guard !isFinished, finSequence == next else { return false }
        isFinished = true
        next = next + 1
        return true
    }

    /// From now on bytes are acknowledged and dropped.
    mutating func discard() {
        isDiscarding = true
        buffer.release()
    }

    /// Moves up to `maximum` readable bytes to the end of `target`.
    mutating func read(into target: inout [UInt8], maximum: Int) -> Int {
        buffer.move(to: &target, maximum: maximum)
    }
}
