/// Numbered byte strings in one block of memory, found again by content.
///
/// Strings get the numbers 0, 1, 2... in the order in which they are appended. Look-up is open addressing with linear
/// probing over a table sized once, so that a vocabulary of fifty thousand entries costs four allocations and not one
/// for each. A table that hostile input has driven into long probe chains says so instead of slowing down.
package struct ByteStringTable: Sendable {
    package enum Insertion: Equatable {
        /// The string is new and may be found under its number.
        case inserted
        /// An equal string came before; look-up finds that one.
        case duplicate(of: Int)
        /// Too many strings fall on one place. Natural vocabularies never do this.
        case tooManyCollisions
    }

    /// All strings, one behind the other.
    package private(set) var bytes: PlainRow<UInt8>
    /// Where each string ends in `bytes`.
    package private(set) var ends: PlainRow<Int32>
    package private(set) var slots: PlainRow<Slot>

    /// The hash stands beside the number so that other strings are passed by without a look at their bytes.
    package struct Slot: BitwiseCopyable, Sendable {
        var number: Int32
        var hash: UInt32
    }

    /// Longest walk from a string's home slot. At half load natural chains stay under a hundred.
    private static let probeCountMax = 2_048
    private static let noNumber: Int32 = -1

    /// A table for `capacity` strings of `byteCapacity` bytes in all; appending more than `capacity` is a programming
    /// error.
    package init(capacity: Int, byteCapacity: Int) {
        var slotCount = 16
        while slotCount < capacity * 2 { slotCount *= 2 }
        slots = PlainRow([Slot](repeating: Slot(number: Self.noNumber, hash: 0), count: slotCount))
        ends = PlainRow([])
        bytes = PlainRow([])
        ends.values.reserveCapacity(capacity)
        bytes.values.reserveCapacity(byteCapacity)
    }

    /// A table that was made before, as its parts.
    ///
    /// - Parameters:
    ///   - ends: ascending, within `bytes`.
    ///   - slots: as many as a power of two; what they say is checked when it is looked up.
    package init(bytes: PlainRow<UInt8>, ends: PlainRow<Int32>, slots: PlainRow<Slot>) {
        precondition(slots.count > 0 && slots.count & (slots.count - 1) == 0, "a power of two of slots")
        self.bytes = bytes
        self.ends = ends
        self.slots = slots
    }

    package var count: Int { ends.count }

    /// Where string `index` lies in `bytes`.
    package func range(at index: Int) -> Range<Int> {
        let ends = ends.span
        return (index == 0 ? 0 : Int(ends[index - 1]))..<Int(ends[index])
    }

    /// Gives the bytes that `write` appends to the block the next number. `write` returns whether look-up is to find
    /// the string; otherwise it just has a number and bytes.
    package mutating func append(_ write: (inout [UInt8]) -> Bool) -> Insertion {
        let start = bytes.values.count
        let isSearchable = write(&bytes.values)
        let number = Int32(ends.values.count)
        ends.values.append(Int32(bytes.values.count))
        guard isSearchable else { return .inserted }
        let hash = Self.hash(bytes.values.span.extracting(start..<bytes.values.count))
        var index = Int(hash) & (slots.values.count - 1)
        for _ in 0..<Self.probeCountMax {
            let slot = slots.values[index]
            if slot.number == Self.noNumber {
                slots.values[index] = Slot(number: number, hash: hash)
                return .inserted
            }
            if slot.hash == hash,
                isString(Int(slot.number), equalTo: bytes.values.span.extracting(start..<bytes.values.count))
            {
                return .duplicate(of: Int(slot.number))
            }
            index = (index + 1) & (slots.values.count - 1)
        }
        return .tooManyCollisions
    }

    /// The number of the first searchable string equal to `key`.
    package func find(_ key: Span<UInt8>) -> Int? {
        let slots = slots.span
        let hash = Self.hash(key)
        var index = Int(hash) & (slots.count - 1)
        for _ in 0..<Self.probeCountMax {
            let slot = slots[index]
            // A slot that a file has filled in may name a string that there is not.
            guard slot.number >= 0, Int(slot.number) < count else { return nil }
            if slot.hash == hash, isString(Int(slot.number), equalTo: key) { return Int(slot.number) }
            index = (index + 1) & (slots.count - 1)
        }
        return nil
    }

    private func isString(_ index: Int, equalTo key: Span<UInt8>) -> Bool {
        let range = range(at: index)
        guard range.count == key.count else { return false }
        let bytes = bytes.span
        for offset in key.indices where bytes[range.lowerBound + offset] != key[offset] { return false }
        return true
    }

    /// FNV-1a, finished with a multiply-shift so that the low bits, which pick the slot, depend on every byte.
    private static func hash(_ key: Span<UInt8>) -> UInt32 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for index in key.indices {
            hash = (hash ^ UInt64(key[index])) &* 0x0000_0100_0000_01b3
        }
        hash = (hash ^ (hash >> 32)) &* 0x9e37_79b9_7f4a_7c15
        return UInt32(truncatingIfNeeded: hash >> 32)
    }
}
