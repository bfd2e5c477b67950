import Law
import ModelFormats
import Transformer

/// Pages of KV memory that hold the tokens of earlier sequences, for later ones that begin alike.
///
/// The cache holds its pages in the model, besides whichever sequences do. It has no memory of its own: its pages are
/// given up, least recently used first, as soon as a sequence needs them.
struct PrefixCache {
    private(set) var tree: PrefixTree

    init(pageCount: Int, tokensPerPage: Int) {
        tree = PrefixTree(pageCount: pageCount, tokensPerPage: tokensPerPage)
    }

    /// The longest beginning of `tokens`, `limit` tokens at most, that the subject's pages hold. A last page of which
    /// only some tokens are wanted is part of it when they are worth copying.
    func match(_ tokens: [TokenID], limit: Int, for subject: SubjectID, into prefix: inout KVPrefix) {
        prefix.removeAll()
        var page = PrefixTree.none
        while prefix.tokenCount < limit {
            let end = min(prefix.tokenCount + tree.tokensPerPage, limit)
            let best = tree.bestChild(of: page, for: subject, tokens[prefix.tokenCount..<end])
            let isWhole = best.common == tree.tokensPerPage
            guard isWhole || best.common >= EngineLimits.prefixCopyTokensMin else { return }
            prefix.append(KVPage(index: Int(best.page)), tokenCount: best.common)
            guard isWhole else { return }
            page = best.page
        }
    }

    /// Marks a prefix as used.
    mutating func touch(_ prefix: KVPrefix) {
        if let last = prefix.pages.last { tree.touch(Int32(last.index)) }
    }
}

// MARK: - Keeping

extension PrefixCache {
    /// Keeps the pages of `sequence`, which holds `tokens[..<count]`. Tokens that the cache has already stay where they
    /// are.
    mutating func keep<LM: LanguageModel & ~Copyable>(
        _ tokens: [TokenID], count: Int, in sequence: SequenceID, for subject: SubjectID, model: inout LM
    ) {
        var parent = PrefixTree.none
        var start = 0
        while start < count {
            let block = tokens[start..<min(start + tree.tokensPerPage, count)]
            let best = tree.bestChild(of: parent, for: subject, block)
            if best.common == block.count {
                parent = best.page
            } else {
                // What a page had of a beginning, the longer run of tokens replaces.
                if best.common > 0, best.common == tree.tokenCount(of: best.page), tree.isLeaf(best.page) {
                    drop(best.page, model: &model)
                }
                let page = model.page(start / tree.tokensPerPage, of: sequence)
                model.retain(page)
                tree.insert(Int32(page.index), under: parent, for: subject, block)
                parent = Int32(page.index)
            }
            start += block.count
            if !tree.isFull(parent) { break }
        }
        if parent != PrefixTree.none { tree.touch(parent) }
    }

    /// Gives up pages until `count` are free in the model. Pages that sequences hold as well do not become free; when
    /// there are too few others, none is given up.
    mutating func makeRoom<LM: LanguageModel & ~Copyable>(for count: Int, model: inout LM) {
        let missing = count - model.freePageCount
        guard missing > 0, missing <= tree.count, missing <= releasableCount(model, atMost: missing) else { return }
        // Children are older than their parents, so a page has become a leaf when its turn comes, unless a sequence
        // that computed the parent's tokens for itself holds one of them.
        var page = tree.oldest
        while page != PrefixTree.none, model.freePageCount < count {
            let next = tree.newer(than: page)
            if tree.isLeaf(page), !model.isShared(KVPage(index: Int(page))) { drop(page, model: &model) }
            page = next
        }
    }

    /// Pages that no sequence holds, counted up to `limit`.
    func releasableCount<LM: LanguageModel & ~Copyable>(_ model: borrowing LM, atMost limit: Int) -> Int {
        var count = 0
        var page = tree.oldest
        while page != PrefixTree.none, count < limit {
            if !model.isShared(KVPage(index: Int(page))) { count += 1 }
            page = tree.newer(than: page)
        }
        return count
    }

    private mutating func drop<LM: LanguageModel & ~Copyable>(_ page: Int32, model: inout LM) {
        tree.remove(page)
        model.release(KVPage(index: Int(page)))
    }
}
