import Law

/// Which token sequences the pages of KV memory hold: for each subject a tree whose nodes are pages, each child
/// continuing its parent's tokens. All nodes together are in order of their last use.
///
/// Subjects share nothing: a request that is answered sooner because of another's prompt reveals that prompt, token by
/// token, to a client that measures the time (CVE-2025-46570).
///
/// A node has its page's number, and there is room for all pages from the start: nothing is allocated later. Tokens are
/// compared one by one; nothing is hashed, so nothing collides. A search looks at each node once at most.
///
/// Invariants: only full pages have children; no child's tokens begin another's; a parent was used no earlier than its
/// children.
struct PrefixTree {
    static var none: Int32 { -1 }

    struct Node {
        var tokenCount = 0
        /// The parent's page, or `none` for the first page of a sequence.
        var parent = PrefixTree.none
        /// The entry in `roots` for the first page of a sequence.
        var root = 0
        var firstChild = PrefixTree.none
        var nextSibling = PrefixTree.none
        var previousSibling = PrefixTree.none
        /// Neighbours in order of use.
        var newer = PrefixTree.none
        var older = PrefixTree.none
        var isUsed = false
    }

    private struct Root {
        var subject: SubjectID
        var firstChild = PrefixTree.none
    }

    let tokensPerPage: Int
    private var nodes: [Node]
    /// `tokensPerPage` for each node.
    private var tokens: [Int32]
    private var roots: [Root] = []
    private var newest = PrefixTree.none
    private(set) var oldest = PrefixTree.none
    private(set) var count = 0

    init(pageCount: Int, tokensPerPage: Int) {
        self.tokensPerPage = tokensPerPage
        nodes = Array(repeating: Node(), count: pageCount)
        tokens = Array(repeating: 0, count: pageCount * tokensPerPage)
    }

    func tokenCount(of page: Int32) -> Int { nodes[Int(page)].tokenCount }
    func isFull(_ page: Int32) -> Bool { nodes[Int(page)].tokenCount == tokensPerPage }
    func parent(of page: Int32) -> Int32 { nodes[Int(page)].parent }
    func isLeaf(_ page: Int32) -> Bool { nodes[Int(page)].firstChild == Self.none }
    /// The page used next after `page`.
    func newer(than page: Int32) -> Int32 { nodes[Int(page)].newer }
}

// MARK: - Search

extension PrefixTree {
    /// Where the children of a page, or the first pages of a subject, begin. A subject without pages has none.
    func firstChild(of parent: Int32, for subject: SubjectID) -> Int32 {
        guard parent == Self.none else { return nodes[Int(parent)].firstChild }
        for root in roots where root.subject == subject { return root.firstChild }
        return Self.none
    }

    /// The child of `parent` that has most in common with the beginning of `block`, and how many tokens that is.
    func bestChild(of parent: Int32, for subject: SubjectID, _ block: ArraySlice<Int32>) -> (page: Int32, common: Int) {
        var best = (page: Self.none, common: 0)
        var child = firstChild(of: parent, for: subject)
        while child != Self.none {
            let common = commonCount(child, block)
            if common > best.common { best = (child, common) }
            if common == tokensPerPage { break }
            child = nodes[Int(child)].nextSibling
        }
        return best
    }

    /// How many tokens at its beginning a page has in common with `block`.
    private func commonCount(_ page: Int32, _ block: ArraySlice<Int32>) -> Int {
        let base = Int(page) * tokensPerPage
        let limit = min(nodes[Int(page)].tokenCount, block.count)
        var count = 0
        while count < limit, tokens[base + count] == block[block.startIndex + count] { count += 1 }
        return count
    }
}

// MARK: - Change

extension PrefixTree {
    /// Enters `page` as the newest node, a child of `parent` with the tokens of `block` (1...`tokensPerPage`).
    mutating func insert(_ page: Int32, under parent: Int32, for subject: SubjectID, _ block: ArraySlice<Int32>) {
        let index = Int(page)
        precondition(!nodes[index].isUsed, "a page holds one run of tokens")
        var node = Node()
        node.isUsed = true
        node.tokenCount = block.count
        node.parent = parent
        if parent == Self.none {
            node.root = rootIndex(for: subject)
            node.nextSibling = roots[node.root].firstChild
            roots[node.root].firstChild = page
        } else {
            precondition(isFull(parent), "only full pages have children")
            node.nextSibling = nodes[Int(parent)].firstChild
            nodes[Int(parent)].firstChild = page
        }
        if node.nextSibling != Self.none { nodes[Int(node.nextSibling)].previousSibling = page }
        nodes[index] = node
        for (offset, token) in block.enumerated() { tokens[index * tokensPerPage + offset] = token }
        count += 1
        linkAsNewest(page)
    }

    /// Takes a page without children out.
    mutating func remove(_ page: Int32) {
        let node = nodes[Int(page)]
        precondition(node.isUsed && node.firstChild == Self.none, "only leaves are removed")
        if node.previousSibling != Self.none {
            nodes[Int(node.previousSibling)].nextSibling = node.nextSibling
        } else if node.parent != Self.none {
            nodes[Int(node.parent)].firstChild = node.nextSibling
        } else {
            roots[node.root].firstChild = node.nextSibling
        }
        if node.nextSibling != Self.none { nodes[Int(node.nextSibling)].previousSibling = node.previousSibling }
        unlink(page)
        nodes[Int(page)] = Node()
        count -= 1
    }

    /// Marks a page and what leads to it as just used. Parents come last: none is ever older than its children.
    mutating func touch(_ page: Int32) {
        var next = page
        while next != Self.none {
            unlink(next)
            linkAsNewest(next)
            next = nodes[Int(next)].parent
        }
    }

    /// The subject's entry; that of a subject without pages is reused, so that there are no more of them than pages.
    private mutating func rootIndex(for subject: SubjectID) -> Int {
        var vacant: Int?
        for (index, root) in roots.enumerated() {
            if root.subject == subject { return index }
            if root.firstChild == Self.none { vacant = index }
        }
        guard let vacant else {
            roots.append(Root(subject: subject))
            return roots.count - 1
        }
        roots[vacant].subject = subject
        return vacant
    }

    private mutating func linkAsNewest(_ page: Int32) {
        nodes[Int(page)].older = newest
        nodes[Int(page)].newer = Self.none
        if newest != Self.none { nodes[Int(newest)].newer = page }
        newest = page
        if oldest == Self.none { oldest = page }
    }

    private mutating func unlink(_ page: Int32) {
        let (newer, older) = (nodes[Int(page)].newer, nodes[Int(page)].older)
        if newer != Self.none { nodes[Int(newer)].older = older } else { newest = older }
        if older != Self.none { nodes[Int(older)].newer = newer } else { oldest = newer }
    }
}

// MARK: - Invariants

extension PrefixTree {
    /// What is wrong with the tree; nil when nothing is. For tests.
    var defect: String? {
        var seen = 0
        var age: [Int32: Int] = [:]
        var page = oldest
        while page != Self.none {
            age[page] = seen
            seen += 1
            page = nodes[Int(page)].newer
            if seen > nodes.count { return "the order of use has a cycle" }
        }
        guard seen == count else { return "\(count) pages, \(seen) in order of use" }
        for (page, rank) in age {
            let parent = nodes[Int(page)].parent
            guard parent != Self.none else { continue }
            guard isFull(parent) else { return "page \(parent) has children and is not full" }
            guard let parentRank = age[parent], parentRank > rank else {
                return "page \(page) is newer than its parent"
            }
        }
        return nil
    }
}
