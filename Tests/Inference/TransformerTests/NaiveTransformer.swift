import Foundation
import ModelFixtures
import ModelFormats

/// The forward pass written down a second time, without quantized arithmetic, caches or batches: one sequence, whole.
struct NaiveTransformer {
    let model: RandomModel

    /// Logits at every position.
    func logits(_ tokens: [TokenID]) -> [[Float]] {
        let shape = model.configuration
        let embeddings = model.floats("token_embd.weight")!
        let head = model.floats("output.weight") ?? embeddings
        var stream = tokens.map { embeddings[Int($0)] }
        for layer in 0..<shape.layerCount {
            let prefix = "blk.\(layer)."
            stream = attention(stream, prefix)
            let (gate, up) = (project(prefix + "ffn_gate"), project(prefix + "ffn_up"))
            let down = project(prefix + "ffn_down")
            stream = stream.map { row in
                let x = normalize(row, prefix + "ffn_norm.weight")
                let hidden = zip(gate(x), up(x)).map { $0 / (1 + exp(-$0)) * $1 }
                return zip(row, down(hidden)).map { $0 + $1 }
            }
        }
        return stream.map { row in
            let x = normalize(row, "output_norm.weight")
            return head.map { weights in dot(weights, x) }
        }
    }

    private func attention(_ stream: [[Float]], _ prefix: String) -> [[Float]] {
        let shape = model.configuration
        let inputs = stream.map { normalize($0, prefix + "attn_norm.weight") }
        let (query, key, value) = (project(prefix + "attn_q"), project(prefix + "attn_k"), project(prefix + "attn_v"))
        let queries = inputs.enumerated().map { rotate(query($1), position: $0) }
        let keys = inputs.enumerated().map { rotate(key($1), position: $0) }
        let values = inputs.map(value)
        let output = project(prefix + "attn_output")
        let dimension = shape.headDimension
        return stream.indices.map { position in
            var attended: [Float] = []
            for head in 0..<shape.headCount {
                let own = head * dimension..<(head + 1) * dimension
                let sharedHead = head / (shape.headCount / shape.keyValueHeadCount)
                let shared = sharedHead * dimension..<(sharedHead + 1) * dimension
                let scores = (0...position).map {
                    exp(dot(Array(queries[position][own]), Array(keys[$0][shared])) / Float(dimension).squareRoot())
                }
                let total = scores.reduce(0, +)
                for element in shared {
                    attended.append((0...position).reduce(Float(0)) { $0 + scores[$1] * values[$1][element] } / total)
                }
            }
            return zip(stream[position], output(attended)).map { $0 + $1 }
        }
    }

    private func rotate(_ row: [Float], position: Int) -> [Float] {
        let rope = model.configuration.rope
        let factors = model.floats("rope_freqs.weight")?[0]
        let half = rope.dimensionCount / 2
        var result = row
        for head in stride(from: 0, to: row.count, by: model.configuration.headDimension) {
            for pair in 0..<half {
                var angle = Double(position) * pow(Double(rope.frequencyBase), -Double(pair) / Double(half))
                if case .linear(let factor) = rope.scaling { angle /= Double(factor) }
                if let factors { angle /= Double(factors[pair]) }
                let first = head + (rope.pairing == .interleaved ? 2 * pair : pair)
                let second = rope.pairing == .interleaved ? first + 1 : first + half
                result[first] = row[first] * Float(cos(angle)) - row[second] * Float(sin(angle))
                result[second] = row[first] * Float(sin(angle)) + row[second] * Float(cos(angle))
            }
        }
        return result
    }

    private func project(_ name: String) -> ([Float]) -> [Float] {
        let weights = model.floats(name + ".weight")!
        let bias = model.floats(name + ".bias")?[0] ?? [Float](repeating: 0, count: weights.count)
        return { x in zip(weights, bias).map { dot($0, x) + $1 } }
    }

    private func normalize(_ row: [Float], _ name: String) -> [Float] {
        let meanSquare = dot(row, row) / Float(row.count)
        let factor = 1 / (meanSquare + model.configuration.rmsNormEpsilon).squareRoot()
        return zip(row, model.floats(name)![0]).map { $0 * factor * $1 }
    }

    private func dot(_ left: [Float], _ right: [Float]) -> Float {
        var sum: Float = 0
        for index in 0..<left.count { sum += left[index] * right[index] }
        return sum
    }
}
