/// Queues of a socket device (VIRTIO 1.2, 5.10.2).
public enum SocketQueue {
    public static let receive: UInt16 = 0
    public static let transmit: UInt16 = 1
    public static let event: UInt16 = 2
}

/// Byte offsets in a socket device's configuration (5.10.4).
public enum SocketConfigurationLayout {
    /// 64 bits: the guest's context; the upper half is zero.
    public static let guestContext = 0
}
