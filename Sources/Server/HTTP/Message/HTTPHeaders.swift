/// Header fields in their order. Names are compared without regard to case, values are bytes.
public struct HTTPHeaders: Equatable, Sendable {
    public struct Field: Equatable, Sendable {
        /// In lower case.
        public let name: [UInt8]
        public let value: [UInt8]
    }

    public private(set) var fields: [Field] = []

    public init() {}

    /// Adds a field at the end; earlier fields of the same name stay. Control characters, which could end the field
    /// early and start another, become spaces (RFC 9110 section 5.5).
    /// Precondition: `name` is a token.
    public mutating func append(_ name: String, _ value: String) {
        append(
            name: name.utf8.map(ASCII.lowercased),
            value: value.utf8.map { ASCII.isFieldValueByte($0) ? $0 : ASCII.space })
    }

    mutating func append(name: [UInt8], value: [UInt8]) {
        fields.append(Field(name: name, value: value))
    }

    /// The value of the first field with this name, as bytes.
    public func value(of name: String) -> [UInt8]? {
        fields.first { ASCII.equals($0.name, ignoringCase: name) }?.value
    }

    /// The value of the first field with this name, as text.
    public subscript(name: String) -> String? {
        value(of: name).map { String(decoding: $0, as: UTF8.self) }
    }

    /// The values of all fields with this name.
    public func values(of name: String) -> [[UInt8]] {
        fields.filter { ASCII.equals($0.name, ignoringCase: name) }.map { $0.value }
    }

    /// Whether the comma-separated list made of all fields with this name has this element, without regard to case.
    public func list(_ name: String, contains element: String) -> Bool {
        elements(of: name).contains { ASCII.equals($0, ignoringCase: element) }
    }

    /// The elements of the comma-separated list made of all fields with this name (RFC 9110 section 5.6.1); empty ones
    /// included, as it is for the caller to refuse or ignore them.
    func elements(of name: String) -> [[UInt8]] {
        values(of: name).flatMap { value in
            value.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false).map { element in
                let text = Array(element)
                var trimmed: [UInt8] = []
                trimmed.append(copying: ASCII.trimmed(text.span))
                return trimmed
            }
        }
    }
}
