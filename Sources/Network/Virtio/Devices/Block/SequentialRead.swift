/// One long read in many requests, so that the device always has several to work on. It does no I/O of its own: it says
/// which request comes next and is given those that have completed. `BlockDevice.advance` joins it to a device.
public struct SequentialRead {
    /// What became of the whole read.
    public enum State: Equatable, Sendable {
        /// Requests are in flight, or still to be made.
        case running
        /// All sectors are in memory.
        case finished
        /// A request failed; no other is in flight any more. Memory has no defined contents.
        case failed(sector: UInt64, BlockFailure)
    }

    /// A request to be made.
    public struct Request {
        public let sector: UInt64
        public let memory: DMARegion
    }

    /// Bytes of the whole read.
    public let byteCount: Int
    /// The token under which all requests are to be made.
    public let token: UInt32
    /// Bytes that have been read, in requests that may have come back in any order.
    public private(set) var completedByteCount = 0

    private let firstSector: UInt64
    private let destination: DMARegion
    private let requestByteCount: Int
    private let requestsInFlightMax: Int
    private var requestedByteCount = 0
    private var inFlightCount = 0
    private var failure: (sector: UInt64, failure: BlockFailure)?

    /// - Parameters:
    ///   - firstSector: where to begin, in sectors of 512 bytes.
    ///   - destination: memory to fill; a whole number of sectors.
    ///   - requestByteCount: bytes of one request; a whole number of sectors.
    ///   - requestsInFlightMax: requests the device is given at once.
    ///   - token: the name of the requests, to tell them from those of others on the same device.
    public init(
        from firstSector: UInt64, into destination: DMARegion, requestByteCount: Int = 1 << 20,
        requestsInFlightMax: Int = 16, token: UInt32 = 0
    ) {
        precondition(destination.byteCount % BlockSector.byteCount == 0)
        precondition(requestByteCount > 0 && requestByteCount % BlockSector.byteCount == 0)
        precondition(requestsInFlightMax > 0)
        self.firstSector = firstSector
        self.destination = destination
        self.requestByteCount = requestByteCount
        self.requestsInFlightMax = requestsInFlightMax
        self.token = token
        byteCount = destination.byteCount
    }

    public var state: State {
        if let failure {
            return inFlightCount == 0 ? .failed(sector: failure.sector, failure.failure) : .running
        }
        return completedByteCount == byteCount ? .finished : .running
    }

    /// The request to make next, or nil when none is to be made now. Asking changes nothing.
    public var nextRequest: Request? {
        guard failure == nil, inFlightCount < requestsInFlightMax, requestedByteCount < byteCount else { return nil }
        let length = min(requestByteCount, byteCount - requestedByteCount)
        return Request(
            sector: firstSector + UInt64(requestedByteCount / BlockSector.byteCount),
            memory: destination.part(at: requestedByteCount, byteCount: length))
    }

    /// Records that `nextRequest` was made.
    public mutating func requestWasSubmitted() {
        guard let request = nextRequest else { return }
        requestedByteCount += request.memory.byteCount
        inFlightCount += 1
    }

    /// Records that a request with this read's token has completed.
    public mutating func requestCompleted(_ completion: BlockCompletion) {
        precondition(inFlightCount > 0 && completion.token == token)
        inFlightCount -= 1
        if let cause = completion.failure {
            failure = failure ?? (completion.sector, cause)
        } else {
            completedByteCount += Int(completion.byteCount)
        }
    }
}
