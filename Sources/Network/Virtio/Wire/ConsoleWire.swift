/// Queues of a console without multiple ports (VIRTIO 1.2, 5.3.2).
public enum ConsoleQueue {
    public static let receive: UInt16 = 0
    public static let transmit: UInt16 = 1
}
