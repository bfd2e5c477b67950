import MonotonicTime

extension HTTPServerConnection {
    /// How many more bytes the connection can take without cutting the stream. An owner that receives no more than this
    /// lets TCP's window slow a pipelining client down.
    public var receiveCapacity: Int {
        isReading ? limits.pipelinedBytesMax : max(limits.pipelinedBytesMax - queuedByteCount, 0)
    }

    /// Takes bytes from the peer, in pieces of any size.
    public mutating func receive(_ bytes: Span<UInt8>, now: Instant) {
        var position = 0
        while isReading, position < bytes.count {
            read(bytes, &position, now: now)
        }
        enqueue(bytes.extracting(position..<bytes.count))
    }

    /// Takes the peer's FIN: it will send nothing more, but may still be reading.
    public mutating func peerClosed(now: Instant) {
        isPeerClosed = true
        finishReadingIfPeerClosed()
        if case .lingering = phase { phase = .closed }
    }

    /// Lets the body that was announced grow to `byteCount` bytes, and reads on.
    public mutating func grantBody(_ byteCount: Int, now: Instant) {
        guard case .awaitingGrant(_, let since) = phase else { return }
        phase = .readingBody(since: since)
        // RFC 9110 section 10.1.1: no need to invite a body that is already here.
        if decoder.grantBody(byteCount), queuedByteCount == 0 { inviteBody(now: now) }
        readQueue(now: now)
    }

    /// Drops the body that was announced as it comes, and gives out its request without it. False where the client
    /// waits for an answer first, or where no length is known: then only an answer is left.
    public mutating func skipBody(now: Instant) -> Bool {
        guard case .awaitingGrant(_, let since) = phase, decoder.skipBody() else { return false }
        phase = .readingBody(since: since)
        readQueue(now: now)
        return true
    }

    /// After a response: reads on, first of all what is queued.
    mutating func resumeReading(now: Instant) {
        phase = .waiting(until: now + limits.idleTimeout)
        readQueue(now: now)
    }

    private mutating func readQueue(now: Instant) {
        let queued = queue
        var position = queueStart
        while isReading, position < queued.count {
            read(queued.span, &position, now: now)
        }
        // A refusal has emptied the queue.
        queueStart = min(position, queue.count)
        if queuedByteCount == 0 { emptyQueue() }
        if isReading && isQueueCut { phase = .closed }
        finishReadingIfPeerClosed()
    }

    /// Forgets what was received and not yet used.
    mutating func discardInput() {
        emptyQueue()
        decoder = HTTPRequestDecoder(limits: limits)
    }

    /// Whether received bytes go to the decoder; otherwise they queue up.
    private var isReading: Bool {
        switch phase {
        case .waiting, .readingHead, .readingBody: true
        case .bodyAnnounced, .awaitingGrant, .decoded, .responding, .streaming, .lingering, .closed, .aborted: false
        }
    }

    /// Decodes up to one event.
    private mutating func read(_ bytes: Span<UInt8>, _ position: inout Int, now: Instant) {
        do throws(HTTPError) {
            switch try decoder.decode(bytes, from: &position) {
            case .request(let request):
                phase = .decoded(.request(request))
            case .expectsContinue:
                // RFC 9110 section 10.1.1: no need to invite a body that is already here.
                if position == bytes.count { inviteBody(now: now) }
                noteProgress(now: now)
            case .bodyAnnounced(let request, let byteCount):
                let since = if case .readingBody(let since) = phase { since } else { now }
                phase = .bodyAnnounced(request, byteCount: byteCount, since: since)
            case nil:
                noteProgress(now: now)
            }
        } catch {
            refuse(error)
        }
    }

    private mutating func inviteBody(now: Instant) {
        append(now: now) { $0.append(text: "HTTP/1.1 100 Continue\r\n\r\n") }
    }

    /// Moves from waiting to the head to the body as the decoder does, starting the clock of each.
    private mutating func noteProgress(now: Instant) {
        switch (decoder.progress, phase) {
        case (.inHead, .waiting): phase = .readingHead(until: now + limits.headTimeout)
        case (.inBody, .waiting), (.inBody, .readingHead): phase = .readingBody(since: now)
        default: break
        }
    }

    /// Gives up on the stream: the owner answers, and nothing that follows is read.
    mutating func refuse(_ error: HTTPError) {
        phase = .decoded(.refusal(error))
        discardInput()
    }

    private mutating func finishReadingIfPeerClosed() {
        guard isPeerClosed, isReading else { return }
        if case .waiting = phase {
            phase = .closed
        } else {
            refuse(.incompleteRequest)
        }
    }

    // MARK: The queue

    private var queuedByteCount: Int { queue.count - queueStart }

    private mutating func enqueue(_ bytes: Span<UInt8>) {
        guard !bytes.isEmpty, !isQueueCut else { return }
        switch phase {
        case .lingering, .closed, .aborted, .decoded(.refusal): return
        default: break
        }
        switch phase {
        // What came with the announcement came while there was room for it.
        case .bodyAnnounced: break
        default:
            guard bytes.count <= limits.pipelinedBytesMax - queuedByteCount else {
                isQueueCut = true
                return
            }
        }
        if queueStart > 0 {
            queue.removeSubrange(..<queueStart)
            queueStart = 0
        }
        queue.append(copying: bytes)
    }

    private mutating func emptyQueue() {
        // Pipelining is rare: an idle connection keeps no memory for it.
        queue.removeAll()
        queueStart = 0
    }
}
