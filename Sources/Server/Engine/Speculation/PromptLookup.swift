import ModelFormats

/// Drafts how a sequence continues: as it did after its last tokens came before (prompt lookup; Saxena 2023). Drafts
/// are good for text that repeats its prompt, code and lists, and cost one look over the sequence.
enum PromptLookup {
    /// Appends up to `count` draft tokens to `draft`; none when the last tokens are new.
    ///
    /// Of all earlier positions the one with most tokens in common counts, and of several the latest.
    static func appendDraft(after tokens: [TokenID], count: Int, to draft: inout [TokenID]) {
        guard count > 0, let position = bestPosition(in: tokens) else { return }
        draft.append(contentsOf: tokens[position..<min(position + count, tokens.count)])
    }

    /// The position after the best match of the sequence's end; nil when none is long enough.
    private static func bestPosition(in tokens: [TokenID]) -> Int? {
        var best: (position: Int, length: Int)?
        var position = tokens.count - 1
        while position >= EngineLimits.lookupMatchMin {
            let length = matchLength(tokens, endingAt: position)
            if length >= EngineLimits.lookupMatchMin, length > best?.length ?? 0 {
                best = (position, length)
                if length == EngineLimits.lookupMatchMax { break }
            }
            position -= 1
        }
        return best?.position
    }

    /// How many tokens before `position` equal those at the end, up to `lookupMatchMax`.
    private static func matchLength(_ tokens: [TokenID], endingAt position: Int) -> Int {
        let limit = min(position, EngineLimits.lookupMatchMax)
        var length = 0
        while length < limit, tokens[position - 1 - length] == tokens[tokens.count - 1 - length] { length += 1 }
        return length
    }
}
