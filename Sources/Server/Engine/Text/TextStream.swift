import Tokenizers

/// A generation's text on its way out: token bytes go in, whole characters that belong to no stop string come out.
///
/// Held back are an unfinished UTF-8 character and any end of the text that a stop string begins with.
struct TextStream {
    private var decoder = UTF8StreamAssembler()
    private var stopStrings: [StopString]
    /// Text that was not taken yet; its last `heldCount` bytes may not be.
    private var pending: [UInt8] = []
    private var heldCount = 0
    /// Bytes taken so far.
    private(set) var takenCount = 0
    /// Whether a stop string has ended the text: nothing more comes after it.
    private(set) var isStopped = false

    init(stopStrings: [[UInt8]]) {
        self.stopStrings = stopStrings.map { StopString($0) }
    }

    /// Where the next token's text begins: after all text so far, and inside of an unfinished character.
    var extent: Int { takenCount + pending.count + (decoder.isInsideCharacter ? 1 : 0) }

    /// Whether `take` would give anything.
    var hasText: Bool { pending.count > heldCount }

    /// Adds the bytes of the next token; true when a stop string has ended the text with them.
    mutating func append(_ bytes: Span<UInt8>) -> Bool {
        guard !isStopped else { return true }
        let start = pending.count
        decoder.append(bytes, to: &pending)
        return search(from: start)
    }

    /// The text is complete: what was held back belongs to it, and an unfinished character is replaced (U+FFFD).
    mutating func finish() {
        guard !isStopped else { return }
        let start = pending.count
        decoder.finish(to: &pending)
        _ = search(from: start)
        heldCount = 0
    }

    /// Moves the text that may be shown to the end of `output`.
    mutating func take(to output: inout [UInt8]) {
        let freeCount = pending.count - heldCount
        guard freeCount > 0 else { return }
        output.append(contentsOf: pending[..<freeCount])
        pending.removeFirst(freeCount)
        takenCount += freeCount
    }

    /// Looks for stop strings in the text from `start` on; cuts the text before the first that ends in it.
    private mutating func search(from start: Int) -> Bool {
        guard !stopStrings.isEmpty else { return false }
        for end in start..<pending.count {
            var longest = 0
            for index in stopStrings.indices where stopStrings[index].consume(pending[end]) {
                longest = max(longest, stopStrings[index].length)
            }
            guard longest > 0 else { continue }
            pending.removeSubrange((end + 1 - longest)...)
            heldCount = 0
            isStopped = true
            return true
        }
        heldCount = 0
        for stopString in stopStrings { heldCount = max(heldCount, stopString.matchedCount) }
        return false
    }
}
