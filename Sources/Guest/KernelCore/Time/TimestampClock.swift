import MonotonicTime

/// Turns CPU timestamp-counter readings into nanoseconds since boot: one multiplication a reading.
public struct TimestampClock: Equatable, Sendable {
    /// Nanoseconds per tick as a 32.32 fixed-point number.
    public let multiplier: UInt64
    /// The reading that counts as zero.
    public let origin: UInt64

    /// - Parameter frequencyHertz: ticks a second, not zero.
    public init(frequencyHertz: UInt64, origin: UInt64) {
        let (quotient, remainder) = UInt64(1_000_000_000).quotientAndRemainder(dividingBy: frequencyHertz)
        // (remainder << 32) fits: the remainder is below 10^9.
        multiplier = quotient << 32 + (remainder << 32) / frequencyHertz
        self.origin = origin
    }

    /// The scale of KVM's paravirtual clock (Linux Documentation/virt/kvm/x86/msr.rst, MSR_KVM_SYSTEM_TIME_NEW): `mul`
    /// is a 0.32 fraction applied after shifting the ticks by `shift`. Nil when the hypervisor wrote none or nonsense.
    public init?(paravirtualMultiplier mul: UInt32, shift: Int8, origin: UInt64) {
        guard mul != 0, (-31...31).contains(shift) else { return nil }
        multiplier = shift >= 0 ? UInt64(mul) << UInt64(shift) : UInt64(mul) >> UInt64(-Int(shift))
        guard multiplier != 0 else { return nil }
        self.origin = origin
    }

    /// A clock of the same rate that shows `instant`, or the least after it that it can show, at the reading
    /// `timestamp`: it goes on where one with another counter has stopped.
    public func showing(_ instant: Instant, at timestamp: UInt64) -> TimestampClock {
        // Nanoseconds over a 32.32 number, bit by bit: the kernel has no division of 128 bits.
        var (ticks, rest) = instant.nanoseconds.quotientAndRemainder(dividingBy: multiplier)
        for _ in 0..<32 {
            let carry = rest >> 63
            rest <<= 1
            ticks <<= 1
            if carry == 1 || rest >= multiplier {
                rest &-= multiplier
                ticks |= 1
            }
        }
        return TimestampClock(multiplier: multiplier, origin: timestamp &- ticks &- (rest == 0 ? 0 : 1))
    }

    private init(multiplier: UInt64, origin: UInt64) {
        self.multiplier = multiplier
        self.origin = origin
    }

    @inline(__always)
    public func instant(at timestamp: UInt64) -> Instant {
        let product = (timestamp &- origin).multipliedFullWidth(by: multiplier)
        return Instant(nanoseconds: product.high << 32 | product.low >> 32)
    }

    /// Ticks a second, rounded: for the boot log.
    public var frequencyHertz: UInt64 {
        let (quotient, _) = UInt64(1_000_000_000).dividingFullWidthByFixed(multiplier)
        return quotient
    }
}

extension UInt64 {
    /// `self / (divisor / 2^32)`, for a divisor above `self / 2^32`.
    fileprivate func dividingFullWidthByFixed(_ divisor: UInt64) -> (quotient: UInt64, remainder: UInt64) {
        guard divisor > self >> 32 else { return (.max, 0) }
        return divisor.dividingFullWidth((high: self >> 32, low: self << 32))
    }
}
