import Synchronization

/// What a participant shares with the others: three words, each on a cache line of its own.
struct LaneSlot: ~Copyable {
    typealias Padding = (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64)

    /// The participant's part of the phase under way, a `ChunkRange`. Whoever increments its low half has claimed the
    /// chunk that it named; a lane without work looks here.
    let unclaimed = Atomic<UInt64>(0)
    private let unclaimedPadding: Padding = (0, 0, 0, 0, 0, 0, 0)
    /// Chunks that the participant has completed since it enlisted. Only it writes here.
    let completedCount = Atomic<UInt64>(0)
    private let completedPadding: Padding = (0, 0, 0, 0, 0, 0, 0)
    /// A `LaneState`.
    let state = Atomic<UInt32>(LaneState.awake.rawValue)
    private let statePadding: Padding = (0, 0, 0, 0, 0, 0, 0)

    /// Where `state` lies: behind two cache lines.
    static var stateOffset: Int { 2 * Limits.cacheLineBytes }
}

/// Whether a lane looks for work by itself.
enum LaneState: UInt32 {
    case awake
    /// It waits, or is about to, and must be woken.
    case resting
}

/// A range of chunks in one word: the first in the low half, the end in the high half.
struct ChunkRange {
    var bits: UInt64

    init(_ range: Range<Int>) {
        bits = UInt64(range.lowerBound) | UInt64(range.upperBound) << 32
    }

    init(bits: UInt64) {
        self.bits = bits
    }

    var first: Int { Int(bits & 0xffff_ffff) }
    var end: Int { Int(bits >> 32) }
    var isEmpty: Bool { first >= end }
}
