import JSON

/// What parses is written, and what was written parses to the same value.
func fuzzJSON(_ bytes: [UInt8]) {
    guard let value = try? JSONValue(parsing: bytes) else { return }
    for style in [JSONWriter.Style.compact, .pretty] {
        let again = try? JSONValue(parsing: value.serialized(style: style))
        precondition(again == value, "writing and reading changed the value")
    }
}
