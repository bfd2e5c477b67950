extension DecimalLiteral {
    /// The double nearest to the literal, ties to even; infinite when the value rounds beyond the finite doubles.
    ///
    /// Three ways, each correct wherever it gives an answer: one operation on exact doubles (Clinger's fast path); the
    /// value enclosed between two 128-bit bounds that round alike; the value compared with the midpoint of the two
    /// candidates in big integers. `digits` holds the literal's digits, perhaps with a point, for the last way.
    func nearestDouble(digits: Span<UInt8>) -> Double {
        let magnitude = nearestMagnitude(digits: digits)
        return isNegative ? -magnitude : magnitude
    }

    private func nearestMagnitude(digits: Span<UInt8>) -> Double {
        if significand == 0 { return 0 }
        if let exact = quotientOrProductOfExactDoubles { return exact }
        if exponent < PowerOfTen.supported.lowerBound { return 0 }
        if exponent > PowerOfTen.supported.upperBound { return .infinity }
        let (lower, upper) = roundedBounds
        guard lower != upper else { return lower }
        return nearer(of: lower, or: upper, digits: digits)
    }

    /// Both operands are exact, so the one operation rounds correctly. 10^22 is the last power of ten in 53 bits.
    private var quotientOrProductOfExactDoubles: Double? {
        guard !isTruncated, significand <= 1 << 53, (-22...22).contains(exponent) else { return nil }
        var power = 1.0
        for _ in 0..<exponent.magnitude { power *= 10 }
        return exponent < 0 ? Double(significand) / power : Double(significand) * power
    }

    /// Lower and upper bound of the value, each rounded; equal in all but the rarest cases, and adjacent otherwise,
    /// because the bounds lie closer together than two doubles do.
    private var roundedBounds: (lower: Double, upper: Double) {
        let power = PowerOfTen(exponent)
        // One bit of headroom keeps the upper bound within 128 bits.
        let shift = max(significand.leadingZeroBitCount - 1, 0)
        let factor = UInt128(significand << shift)
        let lowHalf = (power.significand & UInt128(UInt64.max)) * factor
        let product = (power.significand >> 64) * factor + lowHalf >> 64
        let exponent = power.exponent + 64 - shift
        if power.error == 0 && !isTruncated {
            let exact = Double(rounding: product, hasMore: lowHalf << 64 != 0, exponent: exponent)
            return (exact, exact)
        }
        // Dropped digits add less than one to the significand; the power's error and the dropped half less than four.
        let width = (isTruncated ? UInt128(1) << (64 + shift) : 0) + power.error + 2
        return (
            Double(rounding: product, hasMore: false, exponent: exponent),
            Double(rounding: product + width, hasMore: false, exponent: exponent)
        )
    }

    /// Decides between two adjacent doubles: the value D * 10^e is compared with their midpoint M * 2^k after both are
    /// multiplied by whatever makes them integers.
    private func nearer(of lower: Double, or upper: Double, digits: Span<UInt8>) -> Double {
        var (value, droppedDigits) = BigUnsigned.parsing(digits, limit: JSONLimits.significantDigitsMax)
        let powerOfTen = lastDigitExponent + droppedDigits
        let hiddenBit: UInt64 = lower.exponentBitPattern == 0 ? 0 : 1 << 52
        let significand = lower.significandBitPattern | hiddenBit
        var midpoint = BigUnsigned(2 * significand + 1)
        // The midpoint is a multiple of half a unit in the last place of `lower`.
        let powerOfTwo = max(Int(lower.exponentBitPattern), 1) - 1_076
        if powerOfTen >= 0 {
            value.multiply(byPowerOfFive: powerOfTen)
        } else {
            midpoint.multiply(byPowerOfFive: -powerOfTen)
        }
        let shift = powerOfTen - powerOfTwo
        if shift >= 0 {
            value.shiftLeft(by: shift)
        } else {
            midpoint.shiftLeft(by: -shift)
        }
        switch value.order(against: midpoint) {
        case .less: return lower
        case .greater: return upper
        case .equal: return significand % 2 == 0 ? lower : upper
        }
    }
}

extension Double {
    /// `(significand + f) * 2^exponent` rounded to the nearest double, ties to even, where f is zero, or, when
    /// `hasMore`, some fraction between 0 and 1. A significand that comes with a fraction must have more bits than the
    /// result.
    init(rounding significand: UInt128, hasMore: Bool, exponent: Int) {
        let length = UInt128.bitWidth - significand.leadingZeroBitCount
        /// The value lies in [2^magnitude, 2^(magnitude + 1)).
        let magnitude = length - 1 + exponent
        guard magnitude <= 1_023 else { self = .infinity; return }
        let isSubnormal = magnitude < -1_022
        let precision = isSubnormal ? 53 - (-1_022 - magnitude) : 53
        guard precision >= 0 else { self = 0; return }
        let droppedBits = length - precision
        guard droppedBits > 0 else {
            self.init(bitsOf: UInt64(significand << -droppedBits), magnitude: magnitude, isSubnormal: isSubnormal)
            return
        }
        var kept = UInt64(significand >> droppedBits)
        let dropped = significand & (UInt128(1) << droppedBits &- 1)
        let half = UInt128(1) << (droppedBits - 1)
        if dropped > half || (dropped == half && (hasMore || kept % 2 == 1)) { kept += 1 }
        self.init(bitsOf: kept, magnitude: magnitude, isSubnormal: isSubnormal)
    }

    /// Assembles the fields by addition, so that a significand rounded up to the next power of two carries into the
    /// exponent: from subnormal to normal, and from the largest finite double to infinity.
    private init(bitsOf significand: UInt64, magnitude: Int, isSubnormal: Bool) {
        let biasedExponent = isSubnormal ? 0 : UInt64(magnitude + 1_022)
        self.init(bitPattern: biasedExponent << 52 + significand)
    }
}
