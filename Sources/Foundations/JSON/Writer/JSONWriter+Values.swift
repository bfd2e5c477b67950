extension JSONWriter {
    public mutating func null() {
        scalar { $0.append(contentsOf: "null".utf8) }
    }

    public mutating func value(_ value: Bool) {
        scalar { $0.append(contentsOf: (value ? "true" : "false").utf8) }
    }

    public mutating func value(_ value: Int) {
        scalar { $0.append(decimal: Int64(value)) }
    }

    /// Writes the shortest decimal number that reads back as the same double. JSON has no infinities and no NaN: they
    /// become `null`, as in JavaScript.
    public mutating func value(_ value: Double) {
        guard value.isFinite else { return null() }
        scalar { $0.append(contentsOf: value.description.utf8) }
    }

    public mutating func value(_ number: JSONNumber) {
        switch number {
        case .integer(let value): scalar { $0.append(decimal: value) }
        case .double(let value): self.value(value)
        }
    }

    public mutating func value(_ text: String) {
        value(utf8: text.utf8.span)
    }

    /// Writes a string given as UTF-8. Ill-formed bytes become U+FFFD, so that the text stays JSON whatever they are.
    public mutating func value(utf8 text: Span<UInt8>) {
        scalar { $0.append(quoting: text) }
    }

    /// Writes a whole value. Recurses once per level of nesting.
    public mutating func value(_ value: JSONValue) {
        switch value {
        case .null: null()
        case .bool(let bool): self.value(bool)
        case .number(let number): self.value(number)
        case .string(let string): self.value(utf8: string.utf8.span)
        case .array(let elements):
            beginArray()
            for element in elements { self.value(element) }
            endArray()
        case .object(let object):
            beginObject()
            for member in object.members {
                key(utf8: member.key.utf8.span)
                self.value(member.value)
            }
            endObject()
        }
    }
}

// MARK: - Members: a key and its value in one call

extension JSONWriter {
    public mutating func member(_ name: String, _ value: Bool) { key(name); self.value(value) }
    public mutating func member(_ name: String, _ value: Int) { key(name); self.value(value) }
    public mutating func member(_ name: String, _ value: Double) { key(name); self.value(value) }
    public mutating func member(_ name: String, _ value: String) { key(name); self.value(value) }
    public mutating func member(_ name: String, utf8 value: Span<UInt8>) { key(name); self.value(utf8: value) }
    public mutating func member(_ name: String, _ value: JSONValue) { key(name); self.value(value) }
}

extension JSONValue {
    /// The value as JSON text.
    public func serialized(style: JSONWriter.Style = .compact) -> [UInt8] {
        var writer = JSONWriter(style: style)
        writer.value(self)
        return writer.bytes
    }
}
