import MonotonicTime

/// What steps and replies take on this machine, as moving averages of what they have taken so far.
struct MeasuredCosts {
    /// Steps of that many decoding sequences alone; zero where there has been none.
    private var decodeSteps: [Interval]
    /// What a prompt token adds to a step.
    private(set) var promptToken = Interval.zero
    /// What a draft token adds to a step; zero while unknown.
    private(set) var draftToken = Interval.zero
    /// How long a generation has its slot.
    private(set) var slotTime = Interval.zero

    init(sequencesMax: Int) {
        decodeSteps = Array(repeating: .zero, count: sequencesMax + 1)
    }

    mutating func record(step duration: Interval, decodingSequences: Int, promptTokens: Int) {
        guard promptTokens > 0 else {
            guard decodeSteps.indices.contains(decodingSequences) else { return }
            decodeSteps[decodingSequences] = Self.average(decodeSteps[decodingSequences], duration)
            return
        }
        // A few prompt tokens cost what a tile of them does.
        let count = UInt64(max(promptTokens, EngineLimits.prefillChunkTokensMin))
        promptToken = Self.average(promptToken, (duration - decodeStep(of: decodingSequences)) / count)
    }

    /// A step without prompt tokens, in which tokens were drafted.
    mutating func record(draftStep duration: Interval, decodingSequences: Int, draftTokens: Int) {
        let added = duration - decodeStep(of: decodingSequences)
        draftToken = Self.average(draftToken, added / UInt64(draftTokens))
    }

    /// Lowers the estimate of a prompt token's cost by an eighth.
    mutating func decayPromptToken() {
        promptToken = promptToken * 7 / 8
    }

    mutating func record(slotTime duration: Interval) {
        slotTime = Self.average(slotTime, duration)
    }

    /// What a step of `count` decoding sequences takes: measured, or on the line through the nearest that were; zero
    /// while nothing is known.
    func decodeStep(of count: Int) -> Interval {
        guard count > 0 else { return .zero }
        let index = min(count, decodeSteps.count - 1)
        guard decodeSteps[index] == .zero else { return decodeSteps[index] }
        let below = measured(from: index - 1, by: -1)
        guard let above = measured(from: index + 1, by: 1) else {
            guard let below else { return .zero }
            // Beyond all that was measured: as steep as the last stretch that was.
            guard let before = measured(from: below - 1, by: -1) else { return decodeSteps[below] }
            return line(from: before, to: below, at: index)
        }
        guard let below else { return decodeSteps[above] }
        return line(from: below, to: above, at: index)
    }

    private func measured(from start: Int, by step: Int) -> Int? {
        var index = start
        while index > 0, index < decodeSteps.count {
            if decodeSteps[index] != .zero { return index }
            index += step
        }
        return nil
    }

    private func line(from left: Int, to right: Int, at index: Int) -> Interval {
        let rise = decodeSteps[right] - decodeSteps[left]
        return decodeSteps[left] + rise * UInt64(index - left) / UInt64(right - left)
    }

    /// One eighth of the new value: a single slow step moves little.
    private static func average(_ old: Interval, _ new: Interval) -> Interval {
        old == .zero ? new : (old * 7 + new) / 8
    }
}
