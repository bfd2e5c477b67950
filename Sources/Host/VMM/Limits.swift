/// Bounds of the machine. What a configuration, a file or the guest asks for beyond them is refused.
public enum VMMLimits {
    /// Processors: the kernel's own limit (`hexa.cpus`).
    public static let processorCountMax = 64

    /// The least memory that holds the boot structures and a kernel.
    public static let memoryMiBMin = 16

    /// The most memory: 46 bits of physical address, the least that processors with KVM have.
    public static let memoryMiBMax = 1 << 26

    /// Program headers of the kernel image. Ours has eight.
    public static let programHeadersMax = 64

    /// Bytes of one note segment of the kernel image.
    public static let noteBytesMax = 4_096

    /// Bytes that one entropy request is answered with; the device may give fewer than asked for (VIRTIO 1.2, 5.4.6.2).
    public static let entropyRequestBytesMax = 4_096

    /// Bytes of guest output that wait for a slow reader of the console; more are dropped, never the guest held up.
    public static let consoleBacklogBytesMax = 1 << 20

    /// Bytes of a snapshot's manifest.
    public static let snapshotManifestBytesMax = 1 << 20

    /// Bytes of input that wait for the guest to read its console.
    public static let consoleInputBytesMax = 4_096

    /// Bytes of an Ethernet frame: its header and 1,500 bytes, for which the kernel's buffers are made.
    public static let frameBytesMax = 1_514
}
