import MonotonicTime

extension HTTPServerConnection {
    /// The bytes to send next.
    public var output: Span<UInt8> {
        @_lifetime(borrow self)
        borrowing get { outputBuffer.span.extracting(outputStart...) }
    }

    /// How many bytes wait to be sent. A reader slower than its stream makes this grow: the owner bounds it by pausing
    /// or aborting; one that stops altogether is aborted after `HTTPLimits.stallTimeout`.
    public var outputBacklog: Int { outputBuffer.count - outputStart }

    /// Reports that the transport has taken the first `count` bytes of `output`.
    public mutating func removeOutput(_ count: Int, now: Instant) {
        guard count > 0 else { return }
        outputStart += min(count, outputBacklog)
        stallDeadline = now + limits.stallTimeout
        guard outputBacklog == 0 else { return }
        discardOutput()
        // The peer's time to read the last response starts when it has been sent.
        if case .lingering = phase { phase = .lingering(until: now + limits.lingerTimeout) }
    }

    /// Takes all of `output` at once, for owners whose transport has room for any amount.
    public mutating func takeOutput(now: Instant) -> [UInt8] {
        let bytes = Array(outputBuffer[outputStart...])
        removeOutput(bytes.count, now: now)
        return bytes
    }

    /// Appends bytes to send. An owner who never fills the transport's buffer completely never moves memory here; one
    /// who does pays for at most one move of each byte.
    mutating func append(now: Instant, _ write: (inout [UInt8]) -> Void) {
        if outputBacklog == 0 { stallDeadline = now + limits.stallTimeout }
        if outputStart > outputBuffer.count / 2 {
            outputBuffer.removeSubrange(..<outputStart)
            outputStart = 0
        }
        write(&outputBuffer)
    }

    /// An emptied buffer up to this size is kept for the next chunk; a larger one goes back to the heap, so that one
    /// large response does not cost its size for the rest of the connection.
    private static var keptCapacityMax: Int { 16 << 10 }

    mutating func discardOutput() {
        outputBuffer.removeAll(keepingCapacity: outputBuffer.capacity <= Self.keptCapacityMax)
        outputStart = 0
        stallDeadline = .distantFuture
    }
}
