/// The candidate closest to a misspelt name.
enum NearestName {
    /// Longer names are not compared: the time grows with the product of the lengths, and they are rarely misspelt.
    private static let lengthMax = 64

    /// nil when no candidate is close: at most a third of the letters may differ, and never more than three.
    static func find(_ name: [UInt8], among candidates: [[UInt8]]) -> [UInt8]? {
        guard name.count <= lengthMax else { return nil }
        let limit = min(max(name.count / 3, 1), 3)
        var best: (distance: Int, name: [UInt8])?
        for candidate in candidates where candidate != name {
            guard abs(candidate.count - name.count) <= limit else { continue }
            let distance = editDistance(name, candidate)
            if distance <= limit, distance < best?.distance ?? Int.max { best = (distance, candidate) }
        }
        return best?.name
    }

    /// Insertions, deletions, replacements and swaps of neighbours that turn one into the other.
    private static func editDistance(_ a: [UInt8], _ b: [UInt8]) -> Int {
        var beforeLast: [Int] = []
        var last = Array(0...b.count)
        for i in 0..<a.count {
            var row = [i + 1]
            for j in 0..<b.count {
                var cost = min(row[j] + 1, last[j + 1] + 1, last[j] + (a[i] == b[j] ? 0 : 1))
                if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { cost = min(cost, beforeLast[j - 1] + 1) }
                row.append(cost)
            }
            beforeLast = last
            last = row
        }
        return last[b.count]
    }
}
