import Law
import TestSupport
import Testing

@testable import Engine

@Suite("The tree of cached prefixes")
struct PrefixTreeTests {
    private static let pageTokens = 4
    private static let subjects = ["alice", "bob"].compactMap { name in
        Law(clients: ["alice", "bob"].map { .init(name: $0, key: Array($0.utf8), grants: Law.clientGrants) })
            .subject(named: name)
    }

    @Test("agrees with a list of all runs of tokens, through random insertions, uses and removals")
    func againstList() {
        var generator = SplitMix64(seed: 21)
        for _ in 0..<50 {
            var tree = PrefixTree(pageCount: 24, tokensPerPage: Self.pageTokens)
            var model: [Int32: (path: [Int32], subject: SubjectID)] = [:]
            for _ in 0..<200 {
                let subject = Self.subjects.randomElement(using: &generator)!
                // Three letters only, so that runs often begin alike.
                let run = (0..<Int.random(in: 1...16, using: &generator)).map { _ in
                    Int32.random(in: 0...2, using: &generator)
                }
                if Bool.random(using: &generator) {
                    Self.insert(run, subject, into: &tree, &model)
                } else if tree.oldest != PrefixTree.none, tree.isLeaf(tree.oldest) {
                    model[tree.oldest] = nil
                    tree.remove(tree.oldest)
                }
                #expect(tree.defect == nil)
                #expect(tree.count == model.count)
                let expected =
                    model.values.filter { $0.subject == subject }.map { commonCount($0.path, run) }.max() ?? 0
                #expect(Self.match(run, subject, in: tree) == expected)
            }
        }
    }

    /// How many of the run's tokens a walk down the tree finds.
    private static func match(_ run: [Int32], _ subject: SubjectID, in tree: PrefixTree) -> Int {
        var (page, count) = (PrefixTree.none, 0)
        while count < run.count {
            let best = tree.bestChild(of: page, for: subject, run[count..<min(count + pageTokens, run.count)])
            count += best.common
            guard best.common == pageTokens else { break }
            page = best.page
        }
        return count
    }

    private static func insert(
        _ run: [Int32], _ subject: SubjectID, into tree: inout PrefixTree,
        _ model: inout [Int32: (path: [Int32], subject: SubjectID)]
    ) {
        var (parent, start) = (PrefixTree.none, 0)
        while start < run.count {
            let block = run[start..<min(start + pageTokens, run.count)]
            let best = tree.bestChild(of: parent, for: subject, block)
            if best.common == block.count {
                parent = best.page
            } else {
                guard let free = (0..<24).first(where: { model[Int32($0)] == nil }) else { return }
                tree.insert(Int32(free), under: parent, for: subject, block)
                tree.touch(Int32(free))
                model[Int32(free)] = (Array(run[..<block.endIndex]), subject)
                parent = Int32(free)
            }
            start += block.count
            guard tree.isFull(parent) else { return }
        }
    }

    @Test("gives up the least recently used first, and children before their parents")
    func order() {
        var tree = PrefixTree(pageCount: 4, tokensPerPage: 1)
        tree.insert(0, under: PrefixTree.none, for: Self.subjects[0], [7])
        tree.insert(1, under: 0, for: Self.subjects[0], [8])
        tree.touch(1)
        tree.insert(2, under: PrefixTree.none, for: Self.subjects[0], [9])
        #expect(tree.oldest == 1)
        tree.touch(1)
        #expect(tree.oldest == 2)
        tree.remove(2)
        tree.remove(1)
        #expect(tree.oldest == 0)
        #expect(tree.defect == nil)
    }
}

private func commonCount(_ left: [Int32], _ right: [Int32]) -> Int {
    zip(left, right).prefix { $0 == $1 }.count
}
