/// One entry of a descriptor table, in the ring or indirect (VIRTIO 1.2, 2.7.5): four little-endian fields.
public enum DescriptorLayout {
    public static let byteCount = 16
    /// 64-bit physical address of the buffer.
    public static let address = 0
    /// 32-bit byte count of the buffer.
    public static let length = 8
    /// 16 bits of `DescriptorFlags`.
    public static let flags = 12
    /// 16-bit index of the next descriptor, if the flags say that there is one.
    public static let next = 14
    /// Alignment of the table in the ring.
    public static let alignment = 16
}

/// Flags of a descriptor (2.7.5).
public struct DescriptorFlags: OptionSet, Sendable {
    public let rawValue: UInt16

    public init(rawValue: UInt16) {
        self.rawValue = rawValue
    }

    /// The chain goes on at `next`.
    public static var next: Self { Self(rawValue: 1) }
    /// The device writes this buffer; otherwise it reads it.
    public static var deviceWritable: Self { Self(rawValue: 2) }
    /// The buffer is a table of descriptors.
    public static var indirect: Self { Self(rawValue: 4) }
}

/// The ring in which the driver offers chains (2.7.6).
public enum AvailableRingLayout {
    public static let flags = 0
    public static let index = 2
    public static let entries = 4
    public static let entryByteCount = 2
    public static let alignment = 2

    /// In `flags`: the driver asks for no interrupts. Means something only without event indices.
    public static let noInterrupt: UInt16 = 1

    /// Offset of `used_event`: the used index at which the driver wants an interrupt (2.7.7).
    public static func usedEvent(size: UInt16) -> Int { entries + Int(size) * entryByteCount }
    /// Bytes of the ring, its event index included.
    public static func byteCount(size: UInt16) -> Int { usedEvent(size: size) + 2 }
}

/// The ring in which the device gives chains back (2.7.8).
public enum UsedRingLayout {
    public static let flags = 0
    public static let index = 2
    public static let entries = 4
    public static let entryByteCount = 8
    /// Within an entry: the 32-bit index of the chain's first descriptor.
    public static let entryIdentifier = 0
    /// Within an entry: the 32-bit count of bytes the device has written.
    public static let entryLength = 4
    public static let alignment = 4

    /// In `flags`: the device asks for no notifications. Means something only without event indices.
    public static let noNotify: UInt16 = 1

    /// Offset of `avail_event`: the available index at which the device wants a notification (2.7.10).
    public static func availableEvent(size: UInt16) -> Int { entries + Int(size) * entryByteCount }
    /// Bytes of the ring, its event index included.
    public static func byteCount(size: UInt16) -> Int { availableEvent(size: size) + 2 }
}

/// Whether moving an index from `old` to `new` passes `event`, which requires a notification (2.7.7.1, 2.7.10.1).
/// All three wrap at 16 bits; at most 65535 entries lie between `old` and `new`.
@inline(__always)
func passesEvent(_ event: UInt16, from old: UInt16, to new: UInt16) -> Bool {
    new &- event &- 1 < new &- old
}
