import JSON

extension APIError {
    /// `{"error": {"message", "type", "param", "code"}}`
    func serialized() -> [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        json.key("error")
        json.beginObject()
        json.member("message", message)
        json.member("type", kind.name)
        json.write(optional: "param", parameter)
        json.write(optional: "code", code)
        json.endObject()
        json.endObject()
        return json.bytes
    }
}

extension JSONWriter {
    fileprivate mutating func write(optional name: String, _ value: String?) {
        key(name)
        if let value { self.value(value) } else { null() }
    }
}
