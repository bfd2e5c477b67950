import ModelFormats

/// Passes over a whole row of logits, sixteen at a time. NaN counts as smaller than everything.
enum LogitScan {
    typealias Lanes = SIMD16<Float>

    /// The greatest logit and the first token that has it; token 0 with minus infinity if there is no number.
    static func maximum(_ logits: Span<Float>) -> (logit: Float, token: TokenID) {
        let greatest = greatestLogit(logits)
        for index in logits.indices where logits[index] == greatest { return (greatest, TokenID(index)) }
        return (-.infinity, 0)
    }

    private static func greatestLogit(_ logits: Span<Float>) -> Float {
        // SAFETY: the loads stay within the buffer (`offset + width <= count`), and floats may have any bits.
        unsafe logits.withUnsafeBufferPointer { buffer in
            let width = Lanes.scalarCount
            var greatest = Lanes(repeating: -.infinity)
            var offset = 0
            if let base = buffer.baseAddress {
                while offset + width <= buffer.count {
                    let lanes = unsafe UnsafeRawPointer(base + offset).loadUnaligned(as: Lanes.self)
                    greatest.replace(with: lanes, where: lanes .> greatest)
                    offset += width
                }
            }
            var result = -Float.infinity
            for lane in greatest.indices where greatest[lane] > result { result = greatest[lane] }
            while offset < buffer.count {
                let logit = unsafe buffer[offset]
                if logit > result { result = logit }
                offset += 1
            }
            return result
        }
    }

    /// Calls `body` with the tokens whose logits are above a bar, in order. The bar is what `body` last returned, at
    /// first `bar`; groups of tokens below it are skipped at once.
    static func forEach(in logits: Span<Float>, above bar: Float, _ body: (TokenID, Float) -> Float) {
        // SAFETY: as above.
        unsafe logits.withUnsafeBufferPointer { buffer in
            let width = Lanes.scalarCount
            var bar = bar
            var offset = 0
            while offset < buffer.count {
                let end = min(offset + width, buffer.count)
                if end - offset == width, let base = buffer.baseAddress {
                    let lanes = unsafe UnsafeRawPointer(base + offset).loadUnaligned(as: Lanes.self)
                    if !any(lanes .> Lanes(repeating: bar)) {
                        offset = end
                        continue
                    }
                }
                for index in offset..<end where unsafe buffer[index] > bar {
                    bar = unsafe body(TokenID(index), buffer[index])
                }
                offset = end
            }
        }
    }

    /// The sum of e^((logit - `maximum`) / `temperature`), where `maximum` is the greatest logit.
    static func sumOfWeights(_ logits: Span<Float>, maximum: Float, temperature: Float = 1) -> Double {
        var sum = 0.0
        forEachWeightSum(logits, maximum: maximum, temperature: temperature) { _, weight in
            sum += weight
            return true
        }
        return sum
    }

    /// The token at which the running sum of weights, in the tokens' order, exceeds `target`; one of the last
    /// tokens with any weight if rounding keeps the sum below it.
    static func token(
        where target: Double, of logits: Span<Float>, maximum: Float, temperature: Float
    ) -> TokenID {
        var rest = target
        var group = 0..<0
        forEachWeightSum(logits, maximum: maximum, temperature: temperature) { range, weight in
            if weight > 0 { group = range }
            guard rest >= weight else { return false }
            rest -= weight
            return true
        }
        var last: TokenID = 0
        for index in group {
            let weight = Exponential.exp((logits[index] - maximum) / temperature)
            guard weight > 0 else { continue }
            last = TokenID(index)
            rest -= Double(weight)
            if rest < 0 { break }
        }
        return last
    }

    /// Calls `body` with each group of tokens and the sum of its weights, in order, until it returns false.
    private static func forEachWeightSum(
        _ logits: Span<Float>, maximum: Float, temperature: Float, _ body: (Range<Int>, Double) -> Bool
    ) {
        // SAFETY: as above.
        unsafe logits.withUnsafeBufferPointer { buffer in
            let width = Lanes.scalarCount
            var offset = 0
            while offset < buffer.count {
                let end = min(offset + width, buffer.count)
                var lanes = Lanes(repeating: -.infinity)
                if end - offset == width, let base = buffer.baseAddress {
                    lanes = unsafe UnsafeRawPointer(base + offset).loadUnaligned(as: Lanes.self)
                } else {
                    for index in offset..<end { lanes[index - offset] = unsafe buffer[index] }
                }
                let weights = Exponential.weights((lanes - maximum) / temperature)
                guard body(offset..<end, Double(weights.sum())) else { return }
                offset = end
            }
        }
    }
}
