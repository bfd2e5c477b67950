/// The type of a metadata value; raw values are those of the file (ggml `docs/gguf.md`, `gguf_metadata_value_type`).
public enum GGUFValueType: UInt32, CaseIterable, Sendable {
    case uint8 = 0
    case int8 = 1
    case uint16 = 2
    case int16 = 3
    case uint32 = 4
    case int32 = 5
    case float32 = 6
    case bool = 7
    case string = 8
    case array = 9
    case uint64 = 10
    case int64 = 11
    case float64 = 12

    /// Bytes of one value, or nil where that is not fixed.
    public var byteCount: Int? {
        switch self {
        case .uint8, .int8, .bool: 1
        case .uint16, .int16: 2
        case .uint32, .int32, .float32: 4
        case .uint64, .int64, .float64: 8
        case .string, .array: nil
        }
    }
}

/// One metadata value.
public enum GGUFValue: Equatable, Sendable {
    case uint8(UInt8)
    case int8(Int8)
    case uint16(UInt16)
    case int16(Int16)
    case uint32(UInt32)
    case int32(Int32)
    case uint64(UInt64)
    case int64(Int64)
    case float32(Float)
    case float64(Double)
    case bool(Bool)
    /// Ill-formed UTF-8 has been replaced by U+FFFD.
    case string(String)
    case array(GGUFArray)
}

/// An array value: where its elements are in the file. They are checked (they lie within the file) but not copied,
/// since a vocabulary's arrays hold a hundred thousand strings and more.
public struct GGUFArray: Equatable, Sendable {
    public let elementType: GGUFValueType
    public let count: Int
    /// The elements' bytes in the file. A string is a 64-bit length and as many bytes.
    public let content: Range<Int>
}

extension GGUFValue {
    /// The value as an integer; nil if it is none or does not fit.
    public var integer: Int? {
        switch self {
        case .uint8(let value): Int(value)
        case .int8(let value): Int(value)
        case .uint16(let value): Int(value)
        case .int16(let value): Int(value)
        case .uint32(let value): Int(value)
        case .int32(let value): Int(value)
        case .uint64(let value): Int(exactly: value)
        case .int64(let value): Int(exactly: value)
        case .float32, .float64, .bool, .string, .array: nil
        }
    }

    /// The value as a floating-point number; integers count as well.
    public var number: Double? {
        switch self {
        case .float32(let value): Double(value)
        case .float64(let value): value
        default: integer.map { Double($0) }
        }
    }

    public var bool: Bool? {
        if case .bool(let value) = self { value } else { nil }
    }

    public var string: String? {
        if case .string(let value) = self { value } else { nil }
    }

    public var array: GGUFArray? {
        if case .array(let value) = self { value } else { nil }
    }
}
