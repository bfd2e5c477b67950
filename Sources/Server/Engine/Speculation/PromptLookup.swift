import ModelFormats

/// Guesses how a sequence continues: as it did after its last tokens came before (prompt lookup; Saxena 2023). Text
/// that repeats its prompt, code and lists are guessed well, and a guess costs one look over the sequence.
enum PromptLookup {
    /// Appends up to `count` guessed tokens to `draft`; none when the last tokens are new.
    ///
    /// Of all earlier places the one with most tokens in common counts, and of several the latest.
    static func guess(_ tokens: [TokenID], count: Int, into draft: inout [TokenID]) {
        guard count > 0, let place = bestPlace(in: tokens) else { return }
        draft.append(contentsOf: tokens[place..<min(place + count, tokens.count)])
    }

    /// The position after the best match of the sequence's end; nil when none is long enough.
    private static func bestPlace(in tokens: [TokenID]) -> Int? {
        var best: (place: Int, length: Int)?
        var place = tokens.count - 1
        while place >= Limits.lookupMatchMin {
            let length = matchLength(tokens, endingAt: place)
            if length >= Limits.lookupMatchMin, length > best?.length ?? 0 {
                best = (place, length)
                if length == Limits.lookupMatchMax { break }
            }
            place -= 1
        }
        return best?.place
    }

    /// How many tokens before `place` equal those at the end, up to `lookupMatchMax`.
    private static func matchLength(_ tokens: [TokenID], endingAt place: Int) -> Int {
        let limit = min(place, Limits.lookupMatchMax)
        var length = 0
        while length < limit, tokens[place - 1 - length] == tokens[tokens.count - 1 - length] { length += 1 }
        return length
    }
}
