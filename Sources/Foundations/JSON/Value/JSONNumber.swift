/// A JSON number with the value of its literal.
///
/// A literal without fraction and exponent that fits 64 bits is kept as an integer, exactly. Every other literal,
/// negative zero included, is the double nearest to its decimal value (ties to even).
public enum JSONNumber: Equatable, Sendable {
    case integer(Int64)
    case double(Double)

    /// The value as an integer: also that of `16.0` or `1e3`, as clients in languages without integers write them.
    /// Nil for a fraction, and beyond 2^53 where a double no longer tells neighbouring integers apart.
    public var exactInteger: Int64? {
        switch self {
        case .integer(let value):
            return value
        case .double(let value):
            guard value.magnitude <= 0x1p53 else { return nil }
            let integer = Int64(value)
            return Double(integer) == value ? integer : nil
        }
    }

    /// The value as a double; an integer beyond 2^53 is rounded to the nearest.
    public var nearestDouble: Double {
        switch self {
        case .integer(let value): Double(value)
        case .double(let value): value
        }
    }
}

extension JSONNumber: ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral {
    public init(integerLiteral value: Int64) { self = .integer(value) }
    public init(floatLiteral value: Double) { self = .double(value) }
}
