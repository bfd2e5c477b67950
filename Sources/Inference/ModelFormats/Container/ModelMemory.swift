/// A model file in memory, as a whole, and whether it may be changed there. It must stay where it is as long as the
/// model is used.
public enum ModelMemory {
    /// Nobody else reads it: weights can be repacked where they lie.
    case exclusive(UnsafeMutableRawBufferPointer)
    /// Others see it too, or it cannot be written, as a file mapped from the host. Weights are used as they are.
    case shared(UnsafeRawBufferPointer)

    public var bytes: UnsafeRawBufferPointer {
        switch self {
        case .exclusive(let bytes): UnsafeRawBufferPointer(bytes)
        case .shared(let bytes): bytes
        }
    }
}

extension ModelContainer {
    /// Whether the weights of a file that begins like this lie as the kernels read them, so that there is no need to
    /// change them: an HXM file's do.
    public static func isUsableInPlace(_ file: UnsafeRawBufferPointer) -> Bool {
        file.count >= PackedFormat.magic.count
            && PackedFormat.magic.indices.allSatisfy { index in
                file[index] == PackedFormat.magic[index]
            }
    }
}
