/// A TCP sequence number: a point on a circle of 2^32 octets (RFC 9293, section 3.4).
///
/// The order is only meaningful between numbers less than 2^31 apart, hence no `Comparable`.
struct SequenceNumber: Hashable, Sendable {
    var value: UInt32

    init(_ value: UInt32) { self.value = value }

    /// The number `count` octets further on; `count` may be negative.
    @inline(__always)
    static func + (number: SequenceNumber, count: Int) -> SequenceNumber {
        SequenceNumber(number.value &+ UInt32(truncatingIfNeeded: count))
    }

    /// The signed distance from `right` to `left`.
    @inline(__always)
    static func - (left: SequenceNumber, right: SequenceNumber) -> Int {
        Int(Int32(bitPattern: left.value &- right.value))
    }

    @inline(__always)
    static func < (left: SequenceNumber, right: SequenceNumber) -> Bool { left - right < 0 }
    @inline(__always)
    static func <= (left: SequenceNumber, right: SequenceNumber) -> Bool { left - right <= 0 }
    @inline(__always)
    static func > (left: SequenceNumber, right: SequenceNumber) -> Bool { left - right > 0 }
    @inline(__always)
    static func >= (left: SequenceNumber, right: SequenceNumber) -> Bool { left - right >= 0 }

    static func later(_ left: SequenceNumber, _ right: SequenceNumber) -> SequenceNumber {
        left > right ? left : right
    }
}
