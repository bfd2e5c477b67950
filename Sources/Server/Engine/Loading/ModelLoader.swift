import ChatTemplates
import ModelFormats
import MonotonicTime
import Tensor
import Tokenizers
import Transformer

/// Makes a model that can be served from the bytes of a model file, GGUF or HXM.
public struct ModelLoader {
    /// What the machine's owner chose, and what the machine can do.
    public struct Settings: Sendable {
        /// What clients call the model.
        public var name: String
        /// Seconds since 1970, for the model's card.
        public var created: UInt64
        /// Tokens a sequence may hold; nil for the model's own context, up to the capacity's default maximum.
        public var contextLength: Int?
        /// Sequences in service at once.
        public var sequenceCount: Int
        /// Bytes that keys, values and activations may take.
        public var memoryByteCount: Int
        public var instructionSet: InstructionSet
        /// What is promised to clients that are served.
        public var serviceLevel = ServiceLevel()

        public init(
            name: String, created: UInt64, contextLength: Int?, sequenceCount: Int, memoryByteCount: Int,
            instructionSet: InstructionSet
        ) {
            self.name = name
            self.created = created
            self.contextLength = contextLength
            self.sequenceCount = sequenceCount
            self.memoryByteCount = memoryByteCount
            self.instructionSet = instructionSet
        }
    }

    /// Why a file does not become a model.
    public enum Failure: Error, Sendable {
        case file(ContainerError)
        case configuration(ModelConfigurationError)
        case tensors(TransformerError)
        case template(TemplateError)
        /// Not even one sequence's keys and values fit.
        case memory(neededByteCount: Int, availableByteCount: Int)

        /// One line that says what, where and what to do.
        public var message: String {
            switch self {
            case .file(let error): error.description
            case .configuration(let error): error.description
            case .tensors(let error): error.description
            case .template(let error): "tokenizer.chat_template: " + error.description
            case .memory(let needed, let available):
                "\(needed >> 20) MiB are needed beside the weights for one sequence, \(available >> 20) MiB are free; "
                    + "give the machine more with --memory or choose a smaller --context"
            }
        }
    }

    public let format: ModelContainer.Format
    public let configuration: ModelConfiguration
    /// How much the model was given; less than asked for when memory is short.
    public let capacity: TransformerCapacity
    public let memory: TransformerCapacity.Memory
    public let model: LoadedModel<Transformer>

    /// - Parameters:
    ///   - file: where the model is; a GGUF file's weights are repacked there if it may be changed.
    ///   - crew: computes; the caller, which later drives the server, leads it.
    ///   - progress: told how many bytes of how many are repacked; never called when there is nothing to repack.
    public init(
        _ file: ModelMemory, _ settings: Settings, crew: LaneCrew,
        progress: (_ byteCount: Int, _ totalByteCount: Int) -> Void = { _, _ in }
    ) throws(Failure) {
        let bytes = file.bytes
        var container = try Self.parse(bytes)
        format = container.format
        configuration = try Self.configuration(of: container)
        capacity = try Self.capacity(for: configuration, settings, participantCount: crew.capacity)
        memory = capacity.memory(for: configuration, participantCount: crew.capacity)
        if case .exclusive(let bytes) = file { container.repack(in: bytes, crew: crew, progress: progress) }
        let weights = try Self.weights(container, configuration, bytes)
        let card = ModelCard(
            id: settings.name, created: settings.created, contextLength: capacity.contextLength,
            vocabularySize: configuration.vocabularySize,
            parameterCount: container.tensors.reduce(0) { $0 &+ UInt64($1.elementCount) })
        var engine = EngineConfiguration()
        engine.runningMax = settings.sequenceCount
        engine.serviceLevel = settings.serviceLevel
        model = LoadedModel(
            model: Transformer(
                weights, capacity: capacity, instructionSet: settings.instructionSet, crew: crew),
            tokenizer: try Self.tokenizer(container, bytes), template: try Self.template(container), card: card,
            configuration: engine)
    }
}

// MARK: - Capacity

extension ModelLoader {
    /// As many cached tokens as all sequences could use, or as memory allows; a whole context at least.
    static func capacity(
        for model: ModelConfiguration, _ settings: Settings, participantCount: Int
    ) throws(Failure) -> TransformerCapacity {
        let contextLength = min(
            settings.contextLength ?? TransformerCapacity.contextLengthDefaultMax, model.contextLength)
        func capacity(cachedTokenCount: Int) -> TransformerCapacity {
            TransformerCapacity(
                contextLength: contextLength, sequenceCount: settings.sequenceCount,
                cachedTokenCount: cachedTokenCount)
        }
        var count = contextLength * settings.sequenceCount
        while true {
            let candidate = capacity(cachedTokenCount: count)
            let needed = candidate.memory(for: model, participantCount: participantCount).byteCount
            if needed <= settings.memoryByteCount { return candidate }
            guard count > contextLength else {
                throw .memory(neededByteCount: needed, availableByteCount: settings.memoryByteCount)
            }
            count = max(contextLength, count - max(contextLength / 2, 1))
        }
    }
}

// MARK: - Steps, with their errors told apart

extension ModelLoader {
    private static func parse(_ bytes: UnsafeRawBufferPointer) throws(Failure) -> ModelContainer {
        do { return try ModelContainer(bytes.bytes) } catch { throw .file(error) }
    }

    private static func configuration(of file: ModelContainer) throws(Failure) -> ModelConfiguration {
        do { return try ModelConfiguration(file) } catch { throw .configuration(error) }
    }

    private static func weights(
        _ file: ModelContainer, _ configuration: ModelConfiguration, _ bytes: UnsafeRawBufferPointer
    ) throws(Failure) -> TransformerWeights {
        do { return try TransformerWeights(file, configuration, bytes: bytes) } catch { throw .tensors(error) }
    }

    private static func tokenizer(
        _ file: ModelContainer, _ bytes: UnsafeRawBufferPointer
    ) throws(Failure) -> Tokenizer {
        do { return try Tokenizer(file, mapped: bytes) } catch { throw .configuration(error) }
    }

    private static func template(_ file: ModelContainer) throws(Failure) -> ChatTemplate {
        do { return try ChatTemplate(stated: file[ChatTemplate.metadataKey]?.string) } catch { throw .template(error) }
    }
}
