import Foundation
@testable import Tensor
import TestSupport
import Testing

@Suite("Elementary functions without a C library")
struct ElementaryTests {
    @Test("exp, log and pow agree with the C library's to 4 units in the last place")
    func doubles() {
        var generator = SplitMix64(seed: 1)
        for _ in 0..<20_000 {
            let x = Double.random(in: -700...700, using: &generator)
            expectNear(Elementary.exponential(x), exp(x))
            let y = exp(Double.random(in: -600...600, using: &generator))
            let logarithm = log(y)
            #expect(abs(Elementary.logarithm(y) - logarithm) <= 4 * max(logarithm.ulp, 1e-17))
        }
        #expect(abs(Elementary.power(10_000, -0.25) - 0.1) < 1e-15)
    }

    @Test("the ends of the ranges are exact")
    func ends() {
        #expect(Elementary.exponential(0.0) == 1)
        #expect(Elementary.exponential(-Double.infinity) == 0)
        #expect(Elementary.exponential(Double.infinity) == .infinity)
        #expect(Elementary.exponential(Double.nan).isNaN)
        #expect(Elementary.exponential(-744.0) == exp(-744))
        #expect(Elementary.logarithm(0) == -.infinity)
        #expect(Elementary.logarithm(1) == 0)
        #expect(Elementary.logarithm(-1).isNaN)
        #expect(Elementary.logarithm(.infinity) == .infinity)
        #expect(abs(Elementary.logarithm(.leastNonzeroMagnitude) - log(.leastNonzeroMagnitude)) < 1e-12)
    }

    @Test("sine and cosine hold for the angles of long contexts")
    func trigonometry() {
        var generator = SplitMix64(seed: 2)
        for magnitude in [1.0, 100, 1e5, 1e7] {
            for _ in 0..<5_000 {
                let x = Double.random(in: -magnitude...magnitude, using: &generator)
                let (sine, cosine) = Elementary.sineAndCosine(x)
                #expect(abs(sine - sin(x)) < 1e-9 && abs(cosine - cos(x)) < 1e-9)
            }
        }
    }

    @Test("the float exponential is within 2 units in the last place")
    func floats() {
        var generator = SplitMix64(seed: 3)
        for _ in 0..<50_000 {
            let x = generator.float(in: -87...88)
            let exact = exp(Double(x))
            #expect(abs(Double(Elementary.exponential(x)) - exact) <= 2 * Double(Float(exact).ulp))
        }
        #expect(Elementary.exponential(Float(0)) == 1)
        #expect(Elementary.exponential(-Float.infinity) < 1e-37)
    }

    @Test("binary16 round-trips every value and rounds to nearest even")
    func halfPrecision() {
        for bits in UInt16.min...UInt16.max {
            let expected = Float(Float16(bitPattern: bits))
            let found = HalfPrecision.float(fromBinary16: bits)
            #expect(found == expected || (found.isNaN && expected.isNaN))
            if !expected.isNaN { #expect(HalfPrecision.binary16(from: found) == bits) }
        }
        var generator = SplitMix64(seed: 4)
        for _ in 0..<100_000 {
            let value = Float(bitPattern: UInt32.random(in: 0...UInt32.max, using: &generator))
            guard !value.isNaN else { continue }
            #expect(HalfPrecision.binary16(from: value) == Float16(value).bitPattern)
        }
    }

    private func expectNear(_ found: Double, _ expected: Double) {
        #expect(abs(found - expected) <= 4 * expected.ulp)
    }
}
