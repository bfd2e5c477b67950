/// Why a block request was not taken. Nothing has changed.
public enum BlockSubmissionError: Error, Equatable {
    /// As many requests as possible are in flight: collect completions, then try again.
    case busy
    /// The sectors are not, or not all, on the device.
    case outOfRange(sector: UInt64, sectorCount: UInt64, capacity: UInt64)
    /// The memory is no whole number of sectors, or none.
    case unaligned(byteCount: UInt64)
    /// The memory is in more pieces than the device takes; see `BlockDevice.segmentCountMax`.
    case tooManySegments(count: Int, maximum: Int)
    /// The device takes no writes.
    case readOnly
    /// The device has no flush command: it has no volatile cache.
    case flushUnsupported
    /// The device has been given up; see `BlockDevice.fault`.
    case failed
}

/// What a request does, from the caller's side.
public enum BlockOperation: Equatable, Sendable {
    case read
    case write
    case flush

    var type: BlockRequestType {
        switch self {
        case .read: .read
        case .write: .write
        case .flush: .flush
        }
    }
}

/// Why a request failed on the device. Memory that was to be read into has no defined contents.
public enum BlockFailure: Equatable, Sendable {
    /// The device could not do it (status IOERR).
    case ioError
    /// The device does not know such requests (status UNSUPP).
    case unsupported
    /// The status is none of the specification's.
    case unknownStatus(UInt8)
    /// The device says that all went well but wrote fewer bytes than were asked for.
    case shortRead(byteCount: UInt32)
}

/// A request that has come back.
public struct BlockCompletion: Equatable, Sendable {
    /// The name the caller gave it.
    public let token: UInt32
    public let operation: BlockOperation
    /// The first sector.
    public let sector: UInt64
    /// Bytes of data, all of them.
    public let byteCount: UInt32
    /// Nil when the request succeeded.
    public let failure: BlockFailure?
}

extension BlockFailure: CustomStringConvertible {
    public var description: String {
        switch self {
        case .ioError: "I/O error"
        case .unsupported: "unsupported request"
        case .unknownStatus(let status): "unknown status \(status)"
        case .shortRead(let byteCount): "only \(byteCount) bytes were read"
        }
    }
}
