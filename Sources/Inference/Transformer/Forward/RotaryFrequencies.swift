import Tensor

extension ModelConfiguration.Rope {
    /// Radians that each of a head's pairs turns from one position to the next.
    ///
    /// - Parameter factors: `rope_freqs.weight` where the file has it, else empty.
    func frequencies(factors: [Float]) -> [Double] {
        (0..<(dimensionCount / 2)).map { pair in
            let exponent = -2 * Double(pair) / Double(dimensionCount)
            let frequency = scaled(Elementary.power(Double(frequencyBase), exponent))
            return factors.isEmpty ? frequency : frequency / Double(factors[pair])
        }
    }

    private func scaled(_ frequency: Double) -> Double {
        switch scaling {
        case .none:
            return frequency
        case .linear(let factor):
            return frequency / Double(factor)
        case .llama3(let factor, let lowFrequencyFactor, let highFrequencyFactor, let originalContextLength):
            // Llama 3.1: turns that complete often within the original context stay, rare ones slow down by `factor`,
            // and those between are blended.
            let turns = Double(originalContextLength) * frequency / (2 * .pi)
            let (low, high) = (Double(lowFrequencyFactor), Double(highFrequencyFactor))
            if turns > high { return frequency }
            if turns < low { return frequency / Double(factor) }
            let share = (turns - low) / (high - low)
            return (1 - share) * frequency / Double(factor) + share * frequency
        }
    }
}

extension ModelConfiguration.Rope.Pairing {
    var ofTable: RotaryTable.Pairing {
        switch self {
        case .interleaved: .interleaved
        case .halves: .halves
        }
    }
}
