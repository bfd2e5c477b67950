import JSON

/// A request body's object, read member by member: a wrong type or range is an error that names the parameter.
///
/// A member that is `null` counts as absent, as in OpenAI's API.
struct RequestObject {
    private let object: JSONObject
    /// What stands before a member's name in messages: `stream_options.`, say.
    private let prefix: String

    init(_ object: JSONObject, prefix: String = "") {
        self.object = object
        self.prefix = prefix
    }

    /// Reads a request body, which has to be an object.
    init(body: Span<UInt8>) throws(APIError) {
        let value: JSONValue
        do throws(JSONError) {
            value = try JSONValue(parsing: body)
        } catch {
            throw .malformedJSON(error.message)
        }
        guard let object = value.objectValue else {
            throw APIError(400, .invalidRequest, "The request body must be a JSON object.", code: "invalid_json")
        }
        self.init(object)
    }

    func path(_ name: String) -> String { prefix + name }

    func value(_ name: String) -> JSONValue? {
        guard let value = object[name], !value.isNull else { return nil }
        return value
    }

    func flag(_ name: String) throws(APIError) -> Bool? {
        guard let value = value(name) else { return nil }
        guard let flag = value.boolValue else { throw wrongType(name, "true or false") }
        return flag
    }

    func integer(_ name: String, in range: ClosedRange<Int>) throws(APIError) -> Int? {
        guard let value = value(name) else { return nil }
        guard let integer = value.intValue else { throw wrongType(name, "an integer") }
        guard range.contains(integer) else {
            let least = "at least \(range.lowerBound)"
            let limits = range.upperBound == .max ? least : "\(least) and at most \(range.upperBound)"
            throw .invalid(path(name), "'\(path(name))' must be \(limits); it is \(integer).")
        }
        return integer
    }

    /// - Parameter description: the range in words, for the message.
    func number(
        _ name: String, in range: ClosedRange<Double>, _ description: String
    ) throws(APIError) -> Double? {
        guard let value = value(name) else { return nil }
        guard let number = value.doubleValue else { throw wrongType(name, "a number") }
        guard range.contains(number) else {
            throw .invalid(path(name), "'\(path(name))' must be \(description).")
        }
        return number
    }

    /// A string's UTF-8.
    func text(_ name: String) throws(APIError) -> [UInt8]? {
        guard let value = value(name) else { return nil }
        guard let text = value.utf8Value else { throw wrongType(name, "a string") }
        return text
    }

    /// A string that must be there.
    func requiredText(_ name: String) throws(APIError) -> [UInt8] {
        guard let text = try text(name) else { throw missing(name) }
        return text
    }

    func array(_ name: String) throws(APIError) -> [JSONValue]? {
        guard let value = value(name) else { return nil }
        guard let array = value.arrayValue else { throw wrongType(name, "an array") }
        return array
    }

    func nested(_ name: String) throws(APIError) -> RequestObject? {
        guard let value = value(name) else { return nil }
        guard let object = value.objectValue else { throw wrongType(name, "an object") }
        return RequestObject(object, prefix: path(name) + ".")
    }

    var members: [JSONObject.Member] { object.members }

    func wrongType(_ name: String, _ expected: String) -> APIError {
        .invalid(path(name), "'\(path(name))' must be \(expected).", code: "invalid_type")
    }

    func missing(_ name: String) -> APIError {
        .invalid(path(name), "'\(path(name))' is required.", code: "missing_required_parameter")
    }
}
