/// Bounds of the module. Whatever a device or a command line claims beyond them is refused.
public enum VirtioLimits {
    /// Devices accepted from one command line: twice what the largest microVM profile announces.
    public static let commandLineDevicesMax = 32

    /// Bytes of a command line that are looked at: the length limit of x86 Linux (`COMMAND_LINE_SIZE`).
    public static let commandLineBytesMax = 2048

    /// Interrupt lines accepted from a command line. Two I/O APICs of 24 pins serve a microVM; more is a typing error.
    public static let interruptMax: UInt32 = 255

    /// The split virtqueue's own maximum (VIRTIO 1.2, 2.7: the queue size is at most 32768).
    public static let queueSizeMax: UInt16 = 32_768

    /// Descriptors in one indirect table: bounds the memory of a queue (16 bytes a descriptor, one table per chain).
    public static let indirectSegmentsMax = 256

    /// Reads of the status register while a reset is awaited. An exit costs tens of microseconds, so this is seconds.
    public static let resetPollsMax = 100_000

    /// Attempts to read a configuration field between two equal generations (4.2.2.2) before the device is given up.
    public static let configurationReadsMax = 16

    /// Bytes of one network frame buffer behind the header: an Ethernet header and the largest IP packet over it.
    public static let frameBytesMax = 14 + 65_535

    /// The smallest MTU that IPv4 allows (RFC 791, 3.2); a device that offers less is misconfigured.
    public static let transmissionUnitMin: UInt16 = 68

    /// Bytes one entropy request may ask for: seeds, not streams.
    public static let entropyRequestBytesMax = 4096
}
