import Foundation
import TestSupport
import Testing

@testable import Transformer

@Suite("Exponential and logarithm")
struct ExponentialTests {
    @Test("exp is within 2 units in the last place of the true value over its whole range")
    func expIsAccurate() {
        var random = SplitMix64(seed: 7)
        var worst = 0.0
        for _ in 0..<50_000 {
            let x = Float.random(in: -87...88, using: &random)
            let truth = Foundation.exp(Double(x))
            let unit = Double(Float(truth).ulp)
            worst = max(worst, abs(Double(Exponential.exp(x)) - truth) / unit)
        }
        #expect(worst <= 2, "worst error \(worst) ulp")
    }

    @Test("sixteen weights at a time agree with one at a time")
    func weights() {
        var random = SplitMix64(seed: 9)
        for _ in 0..<2_000 {
            var lanes = SIMD16<Float>(repeating: 0)
            for index in lanes.indices { lanes[index] = Float.random(in: -87...0, using: &random) }
            let weights = Exponential.weights(lanes)
            for index in lanes.indices {
                let single = Exponential.exp(lanes[index])
                #expect(abs(weights[index] - single) <= 2 * single.ulp)
            }
        }
        let edges = Exponential.weights(SIMD16([0, -87.5, -.infinity, .nan] + [Float](repeating: -1, count: 12)))
        #expect(edges[0] == 1 && edges[1] == 0 && edges[2] == 0 && edges[3] == 0)
    }

    @Test("exp at the edges")
    func expEdges() {
        #expect(Exponential.exp(0) == 1)
        #expect(Exponential.exp(-.infinity) == 0)
        #expect(Exponential.exp(-200) == 0)
        #expect(Exponential.exp(.infinity) == .infinity)
        #expect(Exponential.exp(89) == .infinity)
        #expect(Exponential.exp(.nan).isNaN)
        #expect(abs(Double(Exponential.exp(-100)) / 3.72e-44 - 1) < 0.05)
    }

    @Test("log agrees with the C library to 14 digits")
    func logIsAccurate() {
        var random = SplitMix64(seed: 8)
        for _ in 0..<10_000 {
            let x = Foundation.exp(Double.random(in: -300...300, using: &random))
            let truth = Foundation.log(x)
            #expect(abs(Exponential.log(x) - truth) <= 1e-14 * max(1, abs(truth)))
        }
        #expect(Exponential.log(1) == 0)
        #expect(Exponential.log(0) == -.infinity)
        #expect(Exponential.log(-1).isNaN)
        #expect(Exponential.log(.infinity) == .infinity)
    }
}
