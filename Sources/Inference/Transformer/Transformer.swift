import Tensor

/// A llama-family transformer: its weights, the memory of a forward pass, and the sequences it remembers.
///
/// All memory is set aside by `init`; a pass allocates nothing. `Transformer+Forward.swift` tells what a pass does.
public struct Transformer: ~Copyable, LanguageModel {
    let weights: TransformerWeights
    let kernels: Kernels
    let rope: ModelConfiguration.Rope
    let epsilon: Float
    var sequences: SequenceTable
    var keyValues: KeyValuePages
    var buffers: TransformerBuffers
    var pass: TransformerPass
    let crew: LaneCrew
    let workspaces: ParticipantWorkspaces

    public let contextLength: Int
    public let batchCapacity: Int
    public var vocabularySize: Int { weights.configuration.vocabularySize }

    /// - Parameters:
    ///   - weights: the file they view must outlive the transformer.
    ///   - instructionSet: one that the processor supports.
    ///   - crew: who computes; the caller of `advance` leads it.
    public init(
        _ weights: TransformerWeights, capacity: TransformerCapacity, instructionSet: InstructionSet,
        crew: LaneCrew = LaneCrew()
    ) {
        let model = weights.configuration
        self.weights = weights
        kernels = Kernels(instructionSet)
        rope = model.rope
        epsilon = model.rmsNormEpsilon
        contextLength = capacity.contextLength
        batchCapacity = capacity.batchTokenCount
        sequences = SequenceTable(
            sequenceCount: capacity.sequenceCount, contextLength: capacity.contextLength, pageCount: capacity.pageCount)
        buffers = TransformerBuffers(
            model, capacity, frequencies: model.rope.frequencies(factors: weights.ropeFrequencyFactors))
        pass = TransformerPass(capacity: capacity)
        self.crew = crew
        workspaces = ParticipantWorkspaces(count: crew.capacity, model)
        // The largest comes last, so that the rest is close together.
        keyValues = KeyValuePages(
            layerCount: model.layerCount, headCount: model.keyValueHeadCount, headDimension: model.headDimension,
            pageCount: capacity.pageCount)
    }

    public mutating func openSequence(reserving tokenCount: Int, sharing prefix: KVPrefix) -> SequenceID? {
        precondition(tokenCount <= contextLength, "a sequence holds 1...contextLength tokens")
        guard let sequence = sequences.open(reserving: tokenCount, sharing: prefix) else { return nil }
        let fullPageCount = prefix.tokenCount / tokensPerPage
        if fullPageCount < prefix.pages.count {
            keyValues.copyPage(
                prefix.pages[fullPageCount].index, to: sequences.page(fullPageCount, of: sequence).index)
        }
        return sequence
    }

    public mutating func closeSequence(_ sequence: SequenceID) {
        precondition(!pass.isUnderWay || !pass.contains(sequence), "the sequence takes part in the pass under way")
        sequences.close(sequence)
    }

    public func length(of sequence: SequenceID) -> Int {
        sequences.length(of: sequence)
    }

    public mutating func truncate(_ sequence: SequenceID, to length: Int) {
        precondition(!pass.isUnderWay || !pass.contains(sequence), "the sequence takes part in the pass under way")
        precondition(length <= sequences.length(of: sequence), "truncating cannot lengthen a sequence")
        sequences.setLength(length, of: sequence)
    }
}

// MARK: - Pages

extension Transformer {
    public var tokensPerPage: Int { KeyValuePages.positionsPerPage }
    public var pageCount: Int { keyValues.pageCount }
    public var freePageCount: Int { sequences.freePageCount }

    public func page(_ index: Int, of sequence: SequenceID) -> KVPage { sequences.page(index, of: sequence) }
    public mutating func retain(_ page: KVPage) { sequences.retain(page) }
    public mutating func release(_ page: KVPage) { sequences.release(page) }
    public func isShared(_ page: KVPage) -> Bool { sequences.isShared(page) }
}
