/// A JSON string: well-formed UTF-8, compared byte by byte.
///
/// RFC 8259 section 8.3 asks for comparison code unit by code unit. Swift's `String` compares by canonical equivalence
/// instead, which would let two different names denote one member, and costs Unicode tables.
public struct JSONString: Hashable, Sendable {
    /// The text as well-formed UTF-8, escapes already resolved.
    public let utf8: [UInt8]

    public init(_ text: String) {
        utf8 = Array(text.utf8)
    }

    /// Takes bytes that the caller knows to be well-formed UTF-8; nil when they are not.
    public init?(validating utf8: [UInt8]) {
        guard UTF8Sequence.firstIllFormed(in: utf8.span) == nil else { return nil }
        self.utf8 = utf8
    }

    init(validated utf8: [UInt8]) {
        self.utf8 = utf8
    }

    /// The text as a Swift string.
    public var text: String { String(decoding: utf8, as: UTF8.self) }

    /// Byte-wise comparison with a Swift string, without a copy.
    public static func == (string: JSONString, text: String) -> Bool {
        let other = text.utf8
        return other.count == string.utf8.count && other.elementsEqual(string.utf8)
    }
}

extension JSONString: ExpressibleByStringLiteral {
    public init(stringLiteral text: String) { self.init(text) }
}
