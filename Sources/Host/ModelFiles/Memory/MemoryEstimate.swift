import GuestInterface
import Transformer

/// What a virtual machine needs to serve a model, in bytes. The parts are the kernel's own large allocations, computed
/// by the code that makes them.
public struct MemoryEstimate: Equatable, Sendable {
    /// The model file as it stands on disk: it is loaded whole.
    public let weights: Int
    /// Keys and values, when every sequence is at its full length.
    public let keyValueCache: Int
    /// Keys and values of a single sequence: the least that serves anybody.
    public let keyValueCacheMin: Int
    /// Activations and logits of the largest batch.
    public let scratch: Int
    /// Vocabulary tables, connections, answers, and the kernel itself.
    public let system: Int

    private static let mebibyte = 1 << 20

    package init(weights: Int, keyValueCache: Int, keyValueCacheMin: Int, scratch: Int, system: Int) {
        self.weights = weights
        self.keyValueCache = keyValueCache
        self.keyValueCacheMin = keyValueCacheMin
        self.scratch = scratch
        self.system = system
    }

    /// - Parameters:
    ///   - contextLength: tokens of a sequence; nil for the kernel's choice.
    ///   - sequenceCount: sequences at once; nil for the kernel's choice.
    ///   - holdsPrograms: a law is given, which may name programs.
    public init(
        _ model: ModelConfiguration, fileByteCount: Int, contextLength: Int? = nil, sequenceCount: Int? = nil,
        holdsPrograms: Bool = false
    ) {
        let context = min(contextLength ?? TransformerCapacity.contextLengthDefaultMax, model.contextLength)
        let sequences = min(
            sequenceCount ?? KernelConfiguration.sequenceCountDefault, KernelConfiguration.sequenceCountMax)
        func memory(cachedTokenCount: Int) -> TransformerCapacity.Memory {
            TransformerCapacity(contextLength: context, sequenceCount: sequences, cachedTokenCount: cachedTokenCount)
                .memory(for: model)
        }
        weights = fileByteCount
        keyValueCache = memory(cachedTokenCount: context * sequences).keyValueByteCount
        keyValueCacheMin = memory(cachedTokenCount: context).keyValueByteCount
        scratch = memory(cachedTokenCount: context).scratchByteCount
        // A vocabulary entry costs its text, its hash slot and its merge: about 128 bytes.
        let programs = holdsPrograms ? MemoryReserve.programsByteCount : 0
        system = 64 * Self.mebibyte + 128 * model.vocabularySize + programs
    }

    /// What serves every sequence at its full length, in MiB, rounded up.
    public var mebibyteCount: Int { Self.mebibytes(weights + keyValueCache + scratch + system) }
    /// What serves one sequence at a time, in MiB, rounded up.
    public var mebibyteCountMin: Int { Self.mebibytes(weights + keyValueCacheMin + scratch + system) }

    private static func mebibytes(_ byteCount: Int) -> Int { (byteCount + mebibyte - 1) / mebibyte }
}
