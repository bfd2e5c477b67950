import Engine
import Law

/// A completion request that is being answered: its generations and what they have come to.
final class Exchange {
    let connection: ConnectionID
    let isStreamed: Bool
    let includesUsage: Bool
    let promptTokens: Int
    /// The generation of each choice.
    let generations: [GenerationID]
    var encoder: CompletionEncoder
    /// What the request holds of its subject's quotas, until it ends.
    var lease: QuotaLease?
    var choices: [CompletionEncoder.Choice]
    /// What each choice's text begins with when the prompt is echoed.
    private let echoes: [[UInt8]]

    /// Whether the response's head is out.
    var hasBegun = false
    var isPaused = false
    /// Choices that have had output, and those whose stream has been opened.
    private var hasOutput: [Bool]
    private var isOpened: [Bool]
    private var completionTokens: [Int]
    /// Prompt tokens that did not have to be computed, of each prompt's first choice.
    private var cachedTokens: [Int]
    private let choicesPerPrompt: Int
    private var unfinishedCount: Int

    init(
        connection: ConnectionID, parameters: GenerationParameters, promptTokens: Int, generations: [GenerationID],
        echoes: [[UInt8]], encoder: CompletionEncoder, lease: consuming QuotaLease
    ) {
        self.connection = connection
        isStreamed = parameters.isStreamed
        includesUsage = parameters.includesUsage
        self.promptTokens = promptTokens
        self.generations = generations
        self.echoes = echoes
        self.encoder = encoder
        self.lease = consume lease
        choices = generations.indices.map { CompletionEncoder.Choice(index: $0) }
        hasOutput = [Bool](repeating: false, count: generations.count)
        isOpened = hasOutput
        completionTokens = [Int](repeating: 0, count: generations.count)
        cachedTokens = completionTokens
        choicesPerPrompt = parameters.choiceCount
        unfinishedCount = generations.count
    }

    var isFinished: Bool { unfinishedCount == 0 }

    var usage: CompletionEncoder.Usage {
        CompletionEncoder.Usage(
            promptTokens: promptTokens, cachedTokens: cachedTokens.reduce(0, +),
            completionTokens: completionTokenCount)
    }

    /// Whether a generation could not run at all, for want of memory, before anything was answered.
    var hasFailed: Bool {
        !hasBegun && choices.indices.contains { choices[$0].finish == .outOfMemory && completionTokens[$0] == 0 }
    }

    /// Tokens generated so far, in all choices.
    var completionTokenCount: Int { completionTokens.reduce(0, +) }

    /// Takes in what one of the generations has put out, and returns its choice.
    func receive(_ output: GenerationOutput) -> Int? {
        guard let index = generations.firstIndex(of: output.id) else { return nil }
        if !hasOutput[index] { choices[index].text.append(contentsOf: echoes[index]) }
        hasOutput[index] = true
        choices[index].text.append(contentsOf: output.text)
        choices[index].tokens.append(contentsOf: output.tokens)
        completionTokens[index] = output.generatedTokenCount
        // A prompt counts once, however many choices share it.
        if index % choicesPerPrompt == 0 { cachedTokens[index] = output.cachedPromptTokenCount }
        if let finish = output.finish, choices[index].finish == nil {
            choices[index].finish = finish
            unfinishedCount -= 1
        }
        return index
    }
}

// MARK: - Streaming

extension Exchange {
    /// The chunks that `choice`'s latest output makes; what they carry is taken from the choice.
    func takeChunks(of index: Int, _ send: ([UInt8]) -> Void) {
        if encoder.form == .chat, !isOpened[index] {
            isOpened[index] = true
            send(encoder.opening(choices[index]))
        }
        guard choices[index].holdsNews else { return }
        send(encoder.delta(&choices[index]))
        choices[index].text.removeAll(keepingCapacity: true)
        choices[index].tokens.removeAll(keepingCapacity: true)
    }
}
