import MonotonicTime

/// What passes and replies take on this machine, as moving averages of what they have taken so far.
struct MeasuredCosts {
    /// Passes of that many decoding sequences alone; zero where there has been none.
    private var decodePasses: [Interval]
    /// What a prompt token adds to a pass.
    private(set) var promptToken = Interval.zero
    /// What a token guessed ahead adds to a pass; zero while unknown.
    private(set) var draftToken = Interval.zero
    /// How long a generation has its place.
    private(set) var placeTime = Interval.zero

    init(sequencesMax: Int) {
        decodePasses = Array(repeating: .zero, count: sequencesMax + 1)
    }

    mutating func record(pass duration: Interval, decodingSequences: Int, promptTokens: Int) {
        guard promptTokens > 0 else {
            guard decodePasses.indices.contains(decodingSequences) else { return }
            decodePasses[decodingSequences] = Self.average(decodePasses[decodingSequences], duration)
            return
        }
        // A few prompt tokens cost what a tile of them does.
        let count = UInt64(max(promptTokens, Limits.prefillChunkTokensMin))
        promptToken = Self.average(promptToken, (duration - decodePass(of: decodingSequences)) / count)
    }

    /// A pass without prompt tokens, in which tokens were guessed ahead.
    mutating func record(draftPass duration: Interval, decodingSequences: Int, draftTokens: Int) {
        let added = duration - decodePass(of: decodingSequences)
        draftToken = Self.average(draftToken, added / UInt64(draftTokens))
    }

    /// Takes the cost of a prompt token for an eighth less than it seemed.
    mutating func doubtPromptToken() {
        promptToken = promptToken * 7 / 8
    }

    mutating func record(placeTime duration: Interval) {
        placeTime = Self.average(placeTime, duration)
    }

    /// What a pass of `count` decoding sequences takes: measured, or on the line through the nearest that were; zero
    /// while nothing is known.
    func decodePass(of count: Int) -> Interval {
        guard count > 0 else { return .zero }
        let index = min(count, decodePasses.count - 1)
        guard decodePasses[index] == .zero else { return decodePasses[index] }
        let below = measured(from: index - 1, by: -1)
        guard let above = measured(from: index + 1, by: 1) else {
            guard let below else { return .zero }
            // Beyond all that was measured: as steep as the last stretch that was.
            guard let before = measured(from: below - 1, by: -1) else { return decodePasses[below] }
            return line(from: before, to: below, at: index)
        }
        guard let below else { return decodePasses[above] }
        return line(from: below, to: above, at: index)
    }

    private func measured(from start: Int, by step: Int) -> Int? {
        var index = start
        while index > 0, index < decodePasses.count {
            if decodePasses[index] != .zero { return index }
            index += step
        }
        return nil
    }

    private func line(from left: Int, to right: Int, at index: Int) -> Interval {
        let rise = decodePasses[right] - decodePasses[left]
        return decodePasses[left] + rise * UInt64(index - left) / UInt64(right - left)
    }

    /// One eighth of the new value: a single slow pass moves little.
    private static func average(_ old: Interval, _ new: Interval) -> Interval {
        old == .zero ? new : (old * 7 + new) / 8
    }
}
