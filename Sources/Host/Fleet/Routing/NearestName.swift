/// The existing name that was probably meant by one that does not exist.
public enum NearestName {
    /// Bytes of each name that are compared: the cost grows with their square.
    static let bytesMax = 64

    /// The candidate that takes the fewest changed, added and missing bytes, without regard to case; the first of equal
    /// ones. Nil when all differ by more than half of what was written, which is no slip of the keyboard, unless one
    /// contains the other.
    public static func of(_ name: String, among candidates: [String]) -> String? {
        let wanted = folded(name)
        var best: (name: String, distance: Int)?
        for candidate in candidates {
            let other = folded(candidate)
            let isPart = !wanted.isEmpty && (contains(other, wanted) || contains(wanted, other))
            let distance = isPart ? 0 : distance(wanted, other)
            if distance < best?.distance ?? (wanted.count / 2 + 1) { best = (candidate, distance) }
        }
        return best?.name
    }

    private static func folded(_ name: String) -> [UInt8] {
        name.utf8.prefix(bytesMax).map { (0x41...0x5a).contains($0) ? $0 | 0x20 : $0 }
    }

    private static func contains(_ whole: [UInt8], _ part: [UInt8]) -> Bool {
        guard !part.isEmpty, part.count <= whole.count else { return false }
        return (0...(whole.count - part.count)).contains { whole[$0..<($0 + part.count)].elementsEqual(part) }
    }

    /// Levenshtein's distance, a row of the table at a time.
    private static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var row = Array(0...right.count)
        for (leftIndex, leftByte) in left.enumerated() {
            var diagonal = row[0]
            row[0] = leftIndex + 1
            for (rightIndex, rightByte) in right.enumerated() {
                let replaced = diagonal + (leftByte == rightByte ? 0 : 1)
                diagonal = row[rightIndex + 1]
                row[rightIndex + 1] = min(replaced, row[rightIndex] + 1, diagonal + 1)
            }
        }
        return row[right.count]
    }
}
