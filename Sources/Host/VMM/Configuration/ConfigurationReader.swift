import JSON

/// Reads one object of a configuration, and complains of the field: what is missing, of the wrong kind, or unknown.
struct ConfigurationReader {
    private let path: String
    private let object: JSONObject
    private var known: [String] = []

    /// A whole file.
    init(json bytes: [UInt8]) throws(ConfigurationProblem) {
        let value: JSONValue
        do {
            value = try JSONValue(parsing: bytes)
        } catch {
            throw ConfigurationProblem("", "is not JSON: \(error)")
        }
        try self.init(value, path: "")
    }

    /// - Parameter path: how messages name the object; empty for the whole file.
    init(_ value: JSONValue, path: String) throws(ConfigurationProblem) {
        guard let object = value.objectValue else { throw ConfigurationProblem(path, "must be an object") }
        self.path = path
        self.object = object
    }

    private func name(of field: String) -> String { path.isEmpty ? field : "\(path).\(field)" }

    private mutating func value(_ field: String) -> JSONValue? {
        known.append(field)
        guard let value = object[field], !value.isNull else { return nil }
        return value
    }

    /// Whether the field is there, which does not make it known.
    func has(_ field: String) -> Bool { object[field].map { !$0.isNull } ?? false }

    private mutating func need<Value>(
        _ field: String, _ kind: String, _ convert: (JSONValue) -> Value?
    ) throws(ConfigurationProblem) -> Value {
        guard let value = value(field) else { throw ConfigurationProblem(name(of: field), "is missing") }
        guard let result = convert(value) else { throw ConfigurationProblem(name(of: field), "must be \(kind)") }
        return result
    }

    mutating func string(_ field: String) throws(ConfigurationProblem) -> String {
        try need(field, "a string") { $0.stringValue }
    }

    mutating func string(_ field: String, default value: String) throws(ConfigurationProblem) -> String {
        guard object[field] != nil else {
            known.append(field)
            return value
        }
        return try string(field)
    }

    /// Nil when it is not there.
    mutating func optionalString(_ field: String) throws(ConfigurationProblem) -> String? {
        guard value(field) != nil else { return nil }
        return try string(field)
    }

    mutating func integer(_ field: String, in range: ClosedRange<Int>) throws(ConfigurationProblem) -> Int {
        try need(field, "an integer from \(range.lowerBound) to \(range.upperBound)") { value in
            value.intValue.flatMap { range.contains($0) ? $0 : nil }
        }
    }

    mutating func boolean(_ field: String, default value: Bool) throws(ConfigurationProblem) -> Bool {
        guard object[field] != nil else {
            known.append(field)
            return value
        }
        return try need(field, "true or false") { $0.boolValue }
    }

    /// An object within; nil when it is not there.
    mutating func reader(_ field: String) throws(ConfigurationProblem) -> ConfigurationReader? {
        guard let value = value(field) else { return nil }
        return try ConfigurationReader(value, path: name(of: field))
    }

    /// The objects of an array; none when it is not there.
    mutating func readers(_ field: String) throws(ConfigurationProblem) -> [ConfigurationReader] {
        guard let value = value(field) else { return [] }
        guard let elements = value.arrayValue else { throw ConfigurationProblem(name(of: field), "must be an array") }
        var readers: [ConfigurationReader] = []
        for (index, element) in elements.enumerated() {
            readers.append(try ConfigurationReader(element, path: "\(name(of: field))[\(index)]"))
        }
        return readers
    }

    /// Reports an unknown field.
    func finish() throws(ConfigurationProblem) {
        for member in object.members where !known.contains(where: { member.key == $0 }) {
            throw ConfigurationProblem(name(of: member.key.text), "is unknown")
        }
    }

    func problem(_ field: String, _ reason: String) -> ConfigurationProblem {
        ConfigurationProblem(name(of: field), reason)
    }
}

/// What is wrong with which field of a configuration.
public struct ConfigurationProblem: Error, Equatable, CustomStringConvertible {
    public let field: String
    public let reason: String

    init(_ field: String, _ reason: String) {
        self.field = field
        self.reason = reason
    }

    public var description: String {
        field.isEmpty ? "configuration: \(reason)" : "configuration: \(field) \(reason)"
    }
}
