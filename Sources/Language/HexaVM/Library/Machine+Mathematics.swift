import HexaBytecode

extension Machine {
    func mathematics(_ builtin: Builtin, _ window: ValueWindow, _ count: Int) -> Bool {
        switch builtin {
        case .abs: return absolute(window)
        case .min, .max: return extreme(window, count, wantsLess: builtin == .min)
        case .floor, .ceil, .round: return roundToInt(builtin, window)
        case .sigma, .phi, .tau, .sopfr: return arithmeticFunction(builtin, window)
        case .gcd:
            guard window[0].isInt, window[1].isInt else {
                return needsNumber(window[0].isInt ? window[1] : window[0], "an int")
            }
            guard let divisor = Int(exactly: Mathematics.greatestCommonDivisor(window[0].asInt, window[1].asInt)) else {
                return fail(.overflow, "the greatest common divisor does not fit an int")
            }
            window[0] = .int(divisor)
            return true
        case .pow: return power(window, window[0], window[1])
        case .random: return random(window, count)
        case .seed:
            guard window[0].isInt else { return needsNumber(window[0], "an int") }
            random = SplitMix64(seed: window[0].bits)
            window[0] = .void
            return true
        default: return realFunction(builtin, window)
        }
    }

    private func needsNumber(_ value: Value, _ what: StaticString) -> Bool {
        fail(.type, "expected \(what), got \(article(value))")
    }

    private func absolute(_ window: ValueWindow) -> Bool {
        let value = window[0]
        if value.isFloat {
            window[0] = .float(value.asFloat.magnitude)
            return true
        }
        guard value.isInt else { return needsNumber(value, "a number") }
        guard value.asInt != Int.min else { return fail(.overflow, "abs(\(value.asInt)) does not fit an int") }
        window[0] = .int(Swift.abs(value.asInt))
        return true
    }

    /// The least or greatest of the arguments, or of the elements of a single array.
    private func extreme(_ window: ValueWindow, _ count: Int, wantsLess: Bool) -> Bool {
        var values = window
        var count = count
        if count == 1, window[0].tag == Tag.array {
            guard let elements = window[0].object.elements, window[0].object.count > 0 else {
                return fail(.value, "an empty array has no least or greatest element")
            }
            values = elements
            count = window[0].object.count
            charge(count >> 3)
        }
        var best = values[0]
        for index in 0..<count {
            guard let order = order(values[index], best) else {
                return fail(.type, "\(article(values[index])) and \(article(best)) have no order")
            }
            if wantsLess ? order < 0 : order > 0 { best = values[index] }
        }
        window[0] = best
        return true
    }

    private func roundToInt(_ builtin: Builtin, _ window: ValueWindow) -> Bool {
        if window[0].isInt { return true }
        guard window[0].isFloat else { return needsNumber(window[0], "a number") }
        let value = window[0].asFloat
        let rounded =
            switch builtin {
            case .floor: value.rounded(.down)
            case .ceil: value.rounded(.up)
            default: value.rounded(.toNearestOrAwayFromZero)
            }
        guard let int = Int(exactly: rounded) else {
            return fail(.overflow, "\(FloatText.text(of: value)) does not fit an int")
        }
        window[0] = .int(int)
        return true
    }

    private func realFunction(_ builtin: Builtin, _ window: ValueWindow) -> Bool {
        guard let x = window[0].number else { return needsNumber(window[0], "a number") }
        let result =
            switch builtin {
            case .sqrt: Mathematics.squareRoot(x)
            case .exp: Mathematics.exponential(x)
            case .log: Mathematics.logarithm(x)
            case .log2: Mathematics.binaryLogarithm(x)
            case .sin: Mathematics.sine(x)
            case .cos: Mathematics.cosine(x)
            default: Mathematics.tangent(x)
            }
        window[0] = .float(result)
        return true
    }

    /// sigma: sum of divisors; tau: their number; phi: Euler's totient; sopfr: sum of prime factors with multiplicity.
    private func arithmeticFunction(_ builtin: Builtin, _ window: ValueWindow) -> Bool {
        guard window[0].isInt else { return needsNumber(window[0], "an int") }
        let number = window[0].asInt
        // Trial division up to the square root: a million steps at most.
        guard 1...1_000_000_000_000 ~= number else {
            return fail(.value, "\(builtin.signature.name) works on 1 to 10^12, not on \(number)")
        }
        var result = builtin == .phi ? number : builtin == .sopfr ? 0 : 1
        let steps = Mathematics.factor(number) { prime, exponent in
            switch builtin {
            case .phi: result -= result / prime
            case .tau: result *= exponent + 1
            case .sopfr: result += prime * exponent
            default:
                var sum = 1, power = 1
                for _ in 0..<exponent {
                    power *= prime
                    sum += power
                }
                result *= sum
            }
        }
        charge(steps >> 3)
        window[0] = .int(result)
        return true
    }

    /// `random()` in 0 ..< 1, `random(n)` in 0 ..< n, `random(a, b)` in a ..< b.
    private func random(_ window: ValueWindow, _ count: Int) -> Bool {
        guard count > 0 else {
            window[0] = .float(random.nextUnit())
            return true
        }
        let lower = count == 2 ? window[0] : .int(0), upper = window[count - 1]
        guard lower.isInt, upper.isInt else { return needsNumber(lower.isInt ? upper : lower, "an int") }
        guard lower.asInt < upper.asInt else {
            return fail(.value, "there is no int in \(lower.asInt)..\(upper.asInt)")
        }
        let width = UInt64(bitPattern: Int64(upper.asInt &- lower.asInt))
        // The high half of a full product: uniform within 2^-64 times the width.
        let offset = random.next().multipliedFullWidth(by: width).high
        window[0] = .int(lower.asInt &+ Int(truncatingIfNeeded: offset))
        return true
    }
}
