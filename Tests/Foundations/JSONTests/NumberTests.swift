import TestSupport
import Testing
@testable import JSON

/// The host's own conversion is the oracle.
@Suite("Numbers")
struct NumberTests {
    private func number(_ literal: String) throws -> JSONNumber? {
        try JSONValue(parsing: Array(literal.utf8)).numberValue
    }

    private func expectSameAsHost(_ literal: String) throws {
        let ours = try #require(try number(literal)?.nearestDouble)
        let host = try #require(Double(literal))
        #expect(ours.bitPattern == host.bitPattern, "\(literal): \(ours), host \(host)")
    }

    @Test(
        "Integers that fit 64 bits keep their value",
        arguments: [
            ("0", 0), ("-1", -1), ("42", 42), ("9007199254740993", 9_007_199_254_740_993),
            ("9223372036854775807", Int64.max), ("-9223372036854775808", Int64.min),
        ])
    func integers(_ literal: String, _ value: Int64) throws {
        #expect(try number(literal) == .integer(value))
    }

    @Test(
        "Other literals become the nearest double",
        arguments: [
            ("-0", -0.0), ("1.0", 1.0), ("1e3", 1000), ("9223372036854775808", 0x1p63),
            ("-9223372036854775809", -0x1p63),
            ("18446744073709551616", 0x1p64), ("0.1", 0.1), ("1E-2", 0.01), ("0e999999999999999999999", 0),
            ("1e-999999999999999999999", 0), ("-1e-400", -0.0),
        ])
    func doubles(_ literal: String, _ value: Double) throws {
        guard case .double(let double) = try number(literal) else { Issue.record("\(literal) is not a double"); return }
        #expect(double.bitPattern == value.bitPattern)
    }

    @Test(
        "A magnitude beyond the finite doubles is refused",
        arguments: [
            "1e309", "-1e309", "1.7976931348623159e308", "1e99999999999999999999",
            ExactDecimal.midpointAbove(.greatestFiniteMagnitude),
        ])
    func outOfRange(_ literal: String) {
        #expect(throws: JSONError.self) { try JSONValue(parsing: Array(literal.utf8)) }
    }

    @Test(
        "Hard cases agree with the host",
        arguments: [
            // Ties and their neighbours.
            "9007199254740993.0", "9007199254740993.00000000000000000000000000000000000001",
            "9007199254740992.999999999999999",
            "9007199254740995e0", "4503599627370496.5", "4503599627370497.5",
            "1.00000000000000011102230246251565404236316680",
            "1.00000000000000011102230246251565404236316680908203125",
            "1.00000000000000011102230246251565404236316680908203124",
            "1.00000000000000011102230246251565404236316680908203126",
            // Range ends.
            "1.7976931348623157e308", "1.7976931348623158e308", "1.79769313486231580793e308", "2.2250738585072014e-308",
            "2.2250738585072011e-308", "2.2250738585072012e-308", "4.9406564584124654e-324", "4.94e-324",
            "2.4703282292062327e-324",
            "2.4703282292062328e-324", "2.5e-324", "2.4e-324", "7.4109846876186981e-324", "1e-323", "5e-324", "1e-325",
            // Known troublemakers of other readers.
            "2.2250738585072011e-308", "6.631236846766476e-316", "3.2378839133029012895883523e-316", "1e23", "8.5e22",
            "5.0216813883093451685872615018317e-312", "1234567890123456789012345678901234567890",
            "123456789012345678e-300",
            "0." + String(repeating: "0", count: 106) + "1",
            "6929495644600919.5", "3.518437208883201171875e13", "69292822013e-322",
            "5708990770823839207320493820740630171355185e-52",
        ])
    func hardCases(_ literal: String) throws {
        try expectSameAsHost(literal)
        try expectSameAsHost("-" + literal)
    }

    @Test("Random bit patterns survive printing and reading")
    func randomBitPatterns() throws {
        var random = SplitMix64(seed: 1)
        for _ in 0..<20_000 {
            let double = Double(bitPattern: random.next())
            guard double.isFinite else { continue }
            var writer = JSONWriter()
            writer.value(double)
            let read = try #require(try JSONValue(parsing: writer.bytes).doubleValue)
            #expect(read.bitPattern == double.bitPattern)
        }
    }

    @Test("Random literals of any length and scale agree with the host")
    func randomLiterals() throws {
        var random = SplitMix64(seed: 2)
        for _ in 0..<20_000 {
            let digits = (0..<Int.random(in: 1...25, using: &random)).map { _ in
                Character(String(Int.random(in: 0...9, using: &random)))
            }
            let literal = "1\(String(digits))e\(Int.random(in: -345...280, using: &random))"
            try expectSameAsHost(literal)
        }
    }

    @Test("Exact midpoints between neighbours go to even, and a digit more or less decides")
    func midpoints() throws {
        var random = SplitMix64(seed: 3)
        for _ in 0..<400 {
            // A double below 2^52 with a fraction has a midpoint of few digits; scale over the whole range.
            let double = Double(bitPattern: random.next() & 0x7FFF_FFFF_FFFF_FFFF)
            guard double.isFinite, double.nextUp.isFinite else { continue }
            let midpoint = ExactDecimal.midpointAbove(double)
            try expectSameAsHost(midpoint)
            try expectSameAsHost(midpoint + (midpoint.contains(".") ? "" : ".") + "0000001")
        }
    }

    @Test("The longest midpoint of all has 768 digits")
    func longestMidpoint() throws {
        let below = Double.leastNormalMagnitude.nextDown
        let midpoint = ExactDecimal.midpointAbove(below)
        #expect(midpoint.drop { $0 == "0" || $0 == "." }.count == 768)
        #expect(try number(midpoint)?.nearestDouble == .leastNormalMagnitude)
        #expect(try number(midpoint.dropLast() + "4")?.nearestDouble == below)
        let justAbove = midpoint + String(repeating: "0", count: 2_000) + "1"
        #expect(try number(justAbove)?.nearestDouble == .leastNormalMagnitude)
    }

    @Test("Every entry of the power table encloses its power")
    func powerTable() {
        for power in PowerOfTen.supported {
            let entry = PowerOfTen(power)
            #expect(entry.significand.leadingZeroBitCount <= 1)
            // significand * 2^exponent <= 10^power < (significand + error) * 2^exponent, cleared of negative powers.
            func order(_ significand: UInt128) -> BigUnsigned.Order {
                let low = UInt64(truncatingIfNeeded: significand)
                var left = BigUnsigned(UInt64(significand >> 64))
                left.multiply(by: 1 << 32, adding: low >> 32)
                left.multiply(by: 1 << 32, adding: low & 0xFFFF_FFFF)
                var right = BigUnsigned(1)
                if power >= 0 { right.multiply(byPowerOfFive: power) } else { left.multiply(byPowerOfFive: -power) }
                let shift = entry.exponent - power
                if shift >= 0 { left.shiftLeft(by: shift) } else { right.shiftLeft(by: -shift) }
                return left.order(against: right)
            }
            if entry.error == 0 {
                #expect(order(entry.significand) == .equal, "10^\(power)")
            } else {
                #expect(order(entry.significand) != .greater, "10^\(power)")
                #expect(order(entry.significand + entry.error) == .greater, "10^\(power)")
            }
        }
    }

    @Test(
        "Whole doubles answer as integers, fractions do not",
        arguments: [
            ("16.0", 16), ("1e3", 1000), ("-0", 0), ("1.5", nil), ("9007199254740992.0", 9_007_199_254_740_992),
            ("1e300", nil),
            ("9007199254740994.0", nil), ("18446744073709551615", nil),
        ] as [(String, Int?)])
    func intValue(_ literal: String, _ value: Int?) throws {
        #expect(try JSONValue(parsing: Array(literal.utf8)).intValue == value)
    }
}
