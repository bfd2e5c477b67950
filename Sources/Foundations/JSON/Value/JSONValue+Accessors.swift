extension JSONValue {
    /// The member named `key`; nil when this is not an object or has no such member. A member that is `null` is
    /// `.null`.
    public subscript(key: String) -> JSONValue? {
        objectValue?[key]
    }

    /// The element at `index`; nil when this is not an array or the index lies outside it.
    public subscript(index: Int) -> JSONValue? {
        guard case .array(let elements) = self, elements.indices.contains(index) else { return nil }
        return elements[index]
    }

    public var isNull: Bool {
        if case .null = self { true } else { false }
    }

    public var boolValue: Bool? {
        if case .bool(let value) = self { value } else { nil }
    }

    public var numberValue: JSONNumber? {
        if case .number(let value) = self { value } else { nil }
    }

    /// A number with an integral value that `Int` can hold; see `JSONNumber.exactInteger`.
    public var intValue: Int? {
        numberValue?.exactInteger.flatMap { Int(exactly: $0) }
    }

    public var doubleValue: Double? {
        numberValue?.nearestDouble
    }

    public var stringValue: String? {
        if case .string(let value) = self { value.text } else { nil }
    }

    /// A string's UTF-8 bytes, without conversion.
    public var utf8Value: [UInt8]? {
        if case .string(let value) = self { value.utf8 } else { nil }
    }

    public var arrayValue: [JSONValue]? {
        if case .array(let value) = self { value } else { nil }
    }

    public var objectValue: JSONObject? {
        if case .object(let value) = self { value } else { nil }
    }
}
