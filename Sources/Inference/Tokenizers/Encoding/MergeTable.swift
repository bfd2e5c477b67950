import ModelFormats

/// The merges of byte-level BPE: which two tokens become which third, and with what rank. Open addressing by token
/// pair.
struct MergeTable: Sendable {
    typealias Slot = TokenizerTables.MergeSlot

    private(set) var slots: PlainRow<Slot>
    /// Tokens below it exist.
    private let tokenEnd: TokenID
    private static let noToken: TokenID = -1
    /// Longest walk from a pair's home slot; a table at half load or less never comes near it.
    private static let probeCountMax = 2_048

    /// A table for `capacity` merges of a vocabulary of `tokenCount` tokens.
    init(capacity: Int, tokenCount: Int) {
        var slotCount = 16
        while slotCount < capacity * 2 { slotCount *= 2 }
        slots = PlainRow([Slot](repeating: Slot(pair: 0, rank: 0, token: Self.noToken), count: slotCount))
        tokenEnd = TokenID(tokenCount)
    }

    /// A table that was made before: as many slots as a power of two, whose content is checked when it is looked up.
    init(slots: PlainRow<Slot>, tokenCount: Int) {
        precondition(slots.count > 0 && slots.count & (slots.count - 1) == 0, "a power of two of slots")
        self.slots = slots
        tokenEnd = TokenID(tokenCount)
    }

    /// Adds a merge unless the pair has one already. False if the walk for a free slot was too long.
    mutating func insert(_ left: TokenID, _ right: TokenID, rank: UInt32, token: TokenID) -> Bool {
        let pair = Self.pair(left, right)
        var index = home(of: pair)
        for _ in 0..<Self.probeCountMax {
            if slots.values[index].token == Self.noToken {
                slots.values[index] = Slot(pair: pair, rank: rank, token: token)
                return true
            }
            if slots.values[index].pair == pair { return true }
            index = (index + 1) & (slots.values.count - 1)
        }
        return false
    }

    func find(_ left: TokenID, _ right: TokenID) -> PairMerge? {
        let slots = slots.span
        let pair = Self.pair(left, right)
        var index = home(of: pair)
        for _ in 0..<Self.probeCountMax {
            let slot = slots[index]
            // A slot that a file has filled in may name a token that there is not.
            guard slot.token >= 0, slot.token < tokenEnd else { return nil }
            if slot.pair == pair { return PairMerge(priority: slot.rank, token: slot.token) }
            index = (index + 1) & (slots.count - 1)
        }
        return nil
    }

    private func home(of pair: UInt64) -> Int {
        var hash = pair &* 0x9e37_79b9_7f4a_7c15
        hash ^= hash >> 29
        return Int(truncatingIfNeeded: (hash &* 0xbf58_476d_1ce4_e5b9) >> 33) & (slots.count - 1)
    }

    private static func pair(_ left: TokenID, _ right: TokenID) -> UInt64 {
        UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
    }
}
