/// Why a chain was not taken. The queue is as it was before the call.
public enum VirtqueueSubmissionError: Error, Equatable {
    /// Too few descriptors are free: collect completions, then try again.
    case full
    /// The chain has no buffer.
    case emptyChain
    /// A buffer has no bytes; a descriptor for it would tell the device nothing.
    case emptySegment
    /// The chain has more buffers than the queue, or an indirect table, has descriptors.
    case tooManySegments(count: Int, maximum: Int)
    /// The chain's buffers hold 2^32 bytes or more in total (2.7.5.2 forbids it).
    case tooManyBytes
    /// The queue has failed; see `Virtqueue.fault`.
    case failed
}

/// What a device did that the specification forbids. After this its queue takes and gives nothing more: reset the
/// device, and only then reuse the memory that was lent to it.
public enum VirtqueueFault: Error, Equatable {
    /// The used index moved by more than the chains that the device holds.
    case usedIndexJump(advance: UInt16, outstanding: UInt16)
    /// A used entry names a descriptor that the queue does not have.
    case identifierOutOfRange(UInt32, queueSize: UInt16)
    /// A used entry names a descriptor that heads no chain which the device holds: never offered, or given back before.
    case identifierNotInFlight(UInt16)
    /// The device says it wrote more bytes than it was offered to write.
    case lengthTooLong(written: UInt32, offered: UInt32)
}

extension VirtqueueFault: CustomStringConvertible {
    public var description: String {
        switch self {
        case .usedIndexJump(let advance, let outstanding):
            "the used index moved by \(advance), the device holds \(outstanding) chains"
        case .identifierOutOfRange(let identifier, let queueSize):
            "used entry names descriptor \(identifier) of \(queueSize)"
        case .identifierNotInFlight(let identifier):
            "used entry names descriptor \(identifier), which heads no chain in flight"
        case .lengthTooLong(let written, let offered):
            "used entry claims \(written) bytes written, \(offered) were offered"
        }
    }
}
