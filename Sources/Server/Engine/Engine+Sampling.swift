import Tokenizers
import ModelFormats
import MonotonicTime
import Transformer

/// From a row of logits to a token, its text and its probability.
extension Engine where LM: ~Copyable {
    mutating func consume(_ row: Row, at index: Int, now: Instant) {
        let generation = row.generation
        guard case .running = generation.state, !generation.isCancelled else { return }
        if generation.needsPromptScores, generation.scoredCount == 0 {
            generation.appendPromptScore(
                ScoredToken(token: generation.tokens[0], logProbability: nil, alternatives: [], isPrompt: true))
        }
        if let position = row.scoresAfter { scorePrompt(of: generation, after: position, row: index) }
        if row.samples { appendNextToken(to: generation, row: index, now: now) }
        markReady(generation)
    }

    private mutating func scorePrompt(of generation: Generation, after position: Int, row index: Int) {
        let target = generation.tokens[position + 1]
        let topCount = generation.topLogProbabilities ?? 0
        let scored = model.withLogits(row: index) { logits in
            ScoredToken(target, topCount: topCount, in: logits.span, isPrompt: true)
        }
        generation.appendPromptScore(scored)
    }

    private mutating func scoreVocabulary(for generation: Generation, row index: Int) {
        generation.output.vocabulary = model.withLogits(row: index) { logits in
            let normalizer = LogProbabilities(logits.span).normalizer
            var scores: [Float] = []
            scores.reserveCapacity(logits.count)
            for token in logits.indices { scores.append(logits[token] - normalizer) }
            return scores
        }
    }

    private mutating func appendNextToken(to generation: Generation, row index: Int, now: Instant) {
        guard generation.tokens.count < generation.countMax else {
            if generation.scoresVocabulary { scoreVocabulary(for: generation, row: index) }
            return finish(generation, .length, now: now)
        }
        let scored = drawToken(for: generation, row: index)
        recordTime(of: generation, now: now)
        statistics.generatedTokens += 1

        if !generation.ignoresEndOfGeneration, tokenizer.isEndOfGeneration(scored.token) {
            generation.appendSilently(scored.token)
            return finish(generation, .stop, now: now)
        }
        tokenBytes.removeAll(keepingCapacity: true)
        tokenizer.appendBytes(of: scored.token, renderSpecial: false, to: &tokenBytes)
        generation.append(scored, bytes: tokenBytes.span)
        if generation.text.isStopped {
            finish(generation, .stop, now: now)
        } else if generation.tokens.count >= generation.countMax {
            finish(generation, .length, now: now)
        } else if generation.tokens.count > generation.reservedCount {
            moveToLargerReservation(generation, now: now)
        }
    }

    /// Draws the next token. Its log-probability is the model's own, whatever the sampler then does to the row.
    private mutating func drawToken(for generation: Generation, row index: Int) -> ScoredToken {
        guard let topCount = generation.topLogProbabilities else {
            let token = model.withLogits(row: index) { logits in generation.sampler.sample(&logits) }
            return ScoredToken(token: token, logProbability: nil, alternatives: [], isPrompt: false)
        }
        var untouched = scoringRow
        scoringRow = []
        let scored = model.withLogits(row: index) { logits in
            untouched.removeAll(keepingCapacity: true)
            for token in logits.indices { untouched.append(logits[token]) }
            let token = generation.sampler.sample(&logits)
            return ScoredToken(token, topCount: topCount, in: untouched.span, isPrompt: false)
        }
        scoringRow = untouched
        return scored
    }

    private mutating func recordTime(of generation: Generation, now: Instant) {
        if let last = generation.lastTokenAt {
            statistics.timeBetweenTokens.observe(now - last)
        } else {
            statistics.timeToFirstToken.observe(now - generation.submittedAt)
        }
        generation.lastTokenAt = now
    }
}

extension ScoredToken {
    fileprivate init(_ token: TokenID, topCount: Int, in logits: Span<Float>, isPrompt: Bool) {
        let probabilities = LogProbabilities(logits)
        self.init(
            token: token, logProbability: probabilities.logProbability(of: token, in: logits),
            alternatives: probabilities.top(topCount, in: logits), isPrompt: isPrompt)
    }
}
