import ModelFormats

/// The tokens that are still in the running, most likely first; of equal ones the smaller token first.
struct Candidates: Sendable {
    struct Candidate: Sendable {
        var logit: Float
        var token: TokenID

        func precedes(_ other: Candidate) -> Bool {
            logit != other.logit ? logit > other.logit : token < other.token
        }
    }

    private(set) var list: [Candidate] = []

    /// Fills the list with the `count` (at least 1) most likely tokens: one pass, with a heap that holds the best so
    /// far and has the worst of them on top.
    mutating func selectTop(_ count: Int, of logits: Span<Float>) {
        list.removeAll(keepingCapacity: true)
        LogitScan.forEach(in: logits, above: -.infinity) { token, logit in
            let candidate = Candidate(logit: logit, token: token)
            if list.count < count {
                push(candidate)
            } else {
                replaceWorst(with: candidate)
            }
            return list.count < count ? -.infinity : list[0].logit
        }
        sort()
    }

    /// Fills the list with the tokens above `bar`, in the order of their numbers.
    mutating func select(above bar: Float, of logits: Span<Float>) {
        list.removeAll(keepingCapacity: true)
        LogitScan.forEach(in: logits, above: bar) { token, logit in
            list.append(Candidate(logit: logit, token: token))
            return bar
        }
    }

    mutating func sort() {
        list.sort { $0.precedes($1) }
    }

    /// Keeps the first `count`.
    mutating func truncate(to count: Int) {
        if count < list.count { list.removeLast(list.count - count) }
    }

    mutating func keep(where holds: (Candidate) -> Bool) {
        list.removeAll { !holds($0) }
    }

    /// The sum of e^((logit - `maximum`) / `temperature`).
    func sumOfWeights(maximum: Float, temperature: Float) -> Double {
        var sum = 0.0
        for candidate in list { sum += Double(Exponential.exp((candidate.logit - maximum) / temperature)) }
        return sum
    }

    private mutating func push(_ candidate: Candidate) {
        list.append(candidate)
        var child = list.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard list[parent].precedes(candidate) else { break }
            list[child] = list[parent]
            child = parent
        }
        list[child] = candidate
    }

    private mutating func replaceWorst(with candidate: Candidate) {
        var parent = 0
        while true {
            var child = 2 * parent + 1
            guard child < list.count else { break }
            if child + 1 < list.count, list[child].precedes(list[child + 1]) { child += 1 }
            guard candidate.precedes(list[child]) else { break }
            list[parent] = list[child]
            parent = child
        }
        list[parent] = candidate
    }
}
