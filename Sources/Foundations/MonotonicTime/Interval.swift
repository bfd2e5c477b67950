/// A non-negative length of time in nanoseconds. Arithmetic saturates: a time that comes from outside cannot trap.
public struct Interval: Hashable, Comparable, Sendable {
    public let nanoseconds: UInt64

    @inlinable
    public init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }

    public static var zero: Interval { Interval(nanoseconds: 0) }

    @inlinable
    public static func nanoseconds(_ count: UInt64) -> Interval { Interval(nanoseconds: count) }
    @inlinable
    public static func microseconds(_ count: UInt64) -> Interval { Interval(nanoseconds: 1_000) * count }
    @inlinable
    public static func milliseconds(_ count: UInt64) -> Interval { Interval(nanoseconds: 1_000_000) * count }
    @inlinable
    public static func seconds(_ count: UInt64) -> Interval { Interval(nanoseconds: 1_000_000_000) * count }

    /// Whole microseconds, rounded down.
    @inlinable
    public var microseconds: UInt64 { nanoseconds / 1_000 }
    /// Whole milliseconds, rounded down.
    @inlinable
    public var milliseconds: UInt64 { nanoseconds / 1_000_000 }
    @inlinable
    public var seconds: Double { Double(nanoseconds) / 1e9 }

    @inlinable
    public static func < (left: Interval, right: Interval) -> Bool { left.nanoseconds < right.nanoseconds }

    @inlinable
    public static func + (left: Interval, right: Interval) -> Interval {
        let (sum, overflow) = left.nanoseconds.addingReportingOverflow(right.nanoseconds)
        return Interval(nanoseconds: overflow ? .max : sum)
    }

    @inlinable
    public static func - (left: Interval, right: Interval) -> Interval {
        Interval(nanoseconds: left.nanoseconds > right.nanoseconds ? left.nanoseconds - right.nanoseconds : 0)
    }

    @inlinable
    public static func * (interval: Interval, factor: UInt64) -> Interval {
        let (product, overflow) = interval.nanoseconds.multipliedReportingOverflow(by: factor)
        return Interval(nanoseconds: overflow ? .max : product)
    }

    @inlinable
    public static func / (interval: Interval, divisor: UInt64) -> Interval {
        Interval(nanoseconds: interval.nanoseconds / divisor)
    }
}
