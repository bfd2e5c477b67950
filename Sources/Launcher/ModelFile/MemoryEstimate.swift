import Model

/// What a virtual machine needs to serve a model, in bytes. The parts are the kernel's own large allocations.
public struct MemoryEstimate: Equatable, Sendable {
    /// The model file as it stands on disk: it is loaded whole.
    public let weights: Int
    /// Keys and values of every position of every sequence.
    public let keyValueCache: Int
    /// Activations and logits of the largest batch.
    public let scratch: Int
    /// Vocabulary tables, connections, the kernel itself, and slack.
    public let system: Int

    /// The kernel's defaults, for whoever does not set them.
    public static let defaultSequenceCount = 8
    public static let defaultContextLengthMax = 4_096

    private static let mebibyte = 1 << 20

    public init(
        _ model: ModelConfiguration, fileByteCount: Int, contextLength: Int? = nil, sequenceCount: Int? = nil
    ) {
        let positions = contextLength ?? min(model.contextLength, Self.defaultContextLengthMax)
        let sequences = sequenceCount ?? Self.defaultSequenceCount
        weights = fileByteCount
        // One float32 each for key and value. Saturating: the flags can ask for anything.
        keyValueCache = [2, MemoryLayout<Float>.size, model.layerCount, model.keyValueLength, positions, sequences]
            .reduce(1) { Self.saturatingProduct($0, $1) }
        let batchTokenCount = 256
        let widthOfToken = 4 * model.embeddingLength + 2 * model.queryLength + 3 * model.feedForwardLength
        scratch = MemoryLayout<Float>.size * (batchTokenCount * widthOfToken + sequences * model.vocabularySize)
        // A vocabulary entry costs its text, its hash slot and its merge: about 128 bytes.
        system = 48 * Self.mebibyte + 128 * model.vocabularySize
    }

    /// Saturates instead of overflowing.
    public var byteCount: Int {
        [weights, keyValueCache, scratch, system].reduce(0) { sum, part in
            let (next, overflow) = sum.addingReportingOverflow(part)
            return overflow ? .max : next
        }
    }

    /// Rounded up.
    public var mebibyteCount: Int { byteCount / Self.mebibyte + (byteCount % Self.mebibyte == 0 ? 0 : 1) }

    private static func saturatingProduct(_ left: Int, _ right: Int) -> Int {
        let (product, overflow) = left.multipliedReportingOverflow(by: right)
        return overflow ? .max : product
    }
}
