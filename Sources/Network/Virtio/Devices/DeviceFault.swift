/// What a running device did that it must not. The driver has reset it and asks nothing more of it.
public enum DeviceFault: Error, Equatable {
    /// A rule of the virtqueue was broken.
    case queue(UInt16, VirtqueueFault)
    /// A network device gave a receive buffer back without a whole header in it.
    case frameWithoutHeader(written: UInt32)
    /// An entropy device gave a buffer back without a single byte in it (VIRTIO 1.2, 5.4.6.2).
    case noEntropy
}

extension DeviceFault: CustomStringConvertible {
    public var description: String {
        switch self {
        case .queue(let index, let fault):
            "queue \(index): \(fault.description)"
        case .frameWithoutHeader(let written):
            "received \(written) bytes, a network header alone has \(NetworkHeader.byteCount)"
        case .noEntropy:
            "an entropy request was answered with nothing"
        }
    }
}
