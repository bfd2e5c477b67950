import ModelFormats

/// Finds the vocabulary's special tokens in text, as llama.cpp does: longer tokens first, and of one token the leftmost
/// occurrence first; occurrences that overlap an earlier choice do not count.
///
/// Tokens that swallow the whitespace beside them ("lstrip", "rstrip") exist only in families not served here.
struct SpecialTokenMatcher: Sendable {
    struct Match {
        var range: Range<Int>
        var token: TokenID
    }

    /// The tokens' texts, sorted bytewise, so that a prefix is a range of them.
    private let entries: [Entry]
    private let startsToken: [Bool]

    struct Entry: Sendable {
        let text: [UInt8]
        let token: TokenID
        /// A control or unknown token, matched only where special tokens are parsed.
        let isControl: Bool
    }

    init(_ entries: [Entry]) {
        let usable = entries.filter { !$0.text.isEmpty }
        self.entries = usable.sorted { first, second in
            first.text == second.text
                ? first.token < second.token : first.text.lexicographicallyPrecedes(second.text)
        }
        var startsToken = [Bool](repeating: false, count: 256)
        for entry in usable { startsToken[Int(entry.text[0])] = true }
        self.startsToken = startsToken
    }

    /// The chosen occurrences in the text's order.
    func matches(in text: Span<UInt8>, includingControl: Bool) -> [Match] {
        var found: [Match] = []
        for start in text.indices where startsToken[Int(text[start])] {
            findTokens(in: text, at: start, includingControl: includingControl, &found)
        }
        guard found.count > 1 else { return found }
        found.sort { first, second in
            if first.range.count != second.range.count { return first.range.count > second.range.count }
            return first.range.lowerBound < second.range.lowerBound
        }
        // No choice made so far is shorter than the next candidate: an overlap covers one of its two ends.
        var isTaken = [Bool](repeating: false, count: text.count)
        var chosen = found.filter { match in
            guard !isTaken[match.range.lowerBound], !isTaken[match.range.upperBound - 1] else { return false }
            for index in match.range { isTaken[index] = true }
            return true
        }
        chosen.sort { $0.range.lowerBound < $1.range.lowerBound }
        return chosen
    }

    /// Appends every token whose text stands at `start`.
    private func findTokens(
        in text: Span<UInt8>, at start: Int, includingControl: Bool, _ found: inout [Match]
    ) {
        var candidates = entries.indices
        var length = 0
        while !candidates.isEmpty, start + length < text.count {
            let byte = text[start + length]
            candidates =
                narrowed(candidates, at: length) { $0 < byte }..<narrowed(candidates, at: length) { $0 <= byte }
            length += 1
            // Entries of just this length sort before the longer ones that they begin.
            var isFirst = true
            while let index = candidates.first, entries[index].text.count == length {
                if isFirst, includingControl || !entries[index].isControl {
                    found.append(Match(range: start..<(start + length), token: entries[index].token))
                    isFirst = false
                }
                candidates.removeFirst()
            }
        }
    }

    /// The first of `candidates`, all longer than `depth`, whose byte at `depth` is not `isBefore`.
    private func narrowed(_ candidates: Range<Int>, at depth: Int, _ isBefore: (UInt8) -> Bool) -> Int {
        var low = candidates.lowerBound
        var high = candidates.upperBound
        while low < high {
            let middle = (low + high) / 2
            if isBefore(entries[middle].text[depth]) { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
