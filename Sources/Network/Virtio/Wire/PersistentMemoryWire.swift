/// Byte offsets in a persistent memory device's configuration (VIRTIO 1.2, 5.19.4).
public enum PersistentMemoryConfigurationLayout {
    /// 64 bits each.
    public static let start = 0
    public static let size = 8
}
