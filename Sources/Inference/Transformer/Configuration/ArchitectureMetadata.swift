import ModelFormats

/// The metadata under an architecture's prefix (`llama.block_count` and so on), read with checks.
struct ArchitectureMetadata {
    let file: ModelContainer
    let prefix: String

    func key(_ name: String) -> String { prefix + "." + name }

    /// An optional integer. Models whose layers differ give an array, which is refused.
    func integer(_ name: String) throws(ModelConfigurationError) -> Int? {
        guard let value = file[key(name)] else { return nil }
        if value.array != nil {
            throw .unsupported(key: key(name), what: "a value for each layer")
        }
        guard let integer = value.integer else { throw .wrongType(key: key(name), expected: "an integer") }
        return integer
    }

    /// An integer in `1...limit`.
    func positive(_ name: String, limit: Int, default: Int? = nil) throws(ModelConfigurationError) -> Int {
        guard let value = try integer(name) ?? `default` else { throw .missing(key: key(name)) }
        guard value > 0, value <= limit else {
            throw .invalid(key: key(name), reason: "\(value) is not within 1...\(limit)")
        }
        return value
    }

    /// A finite number above zero.
    func positiveFloat(_ name: String, default: Float? = nil) throws(ModelConfigurationError) -> Float {
        guard let value = file[key(name)] else {
            guard let `default` else { throw .missing(key: key(name)) }
            return `default`
        }
        guard let number = value.number else { throw .wrongType(key: key(name), expected: "a number") }
        let float = Float(number)
        guard float > 0, float.isFinite else { throw .invalid(key: key(name), reason: "must be above zero and finite") }
        return float
    }
}
