/// Why a well-formed GGUF file does not describe a model that this engine runs.
public enum ModelConfigurationError: Error, Equatable, Sendable {
    /// The metadata has no such key, and it has no default.
    case missing(key: String)
    /// The value under `key` is of another type than `expected`.
    case wrongType(key: String, expected: String)
    /// The value under `key` is not one that a model can have.
    case invalid(key: String, reason: String)
    /// `key` says one thing and another part of the file a different one.
    case contradiction(key: String, reason: String)
    /// The file asks for something that exists but is not supported here.
    case unsupported(key: String, what: String)
    /// The tensor is not in the file.
    case missingTensor(name: String)
    /// A packed file's tokenizer tables are damaged.
    case tokenizerTables(ContainerError)
}

extension ModelConfigurationError: CustomStringConvertible {
    /// One line that names the field.
    public var description: String {
        switch self {
        case .missing(let key): "metadata '" + key + "' is missing"
        case .wrongType(let key, let expected): "metadata '" + key + "' must be " + expected
        case .invalid(let key, let reason): "metadata '" + key + "': " + reason
        case .contradiction(let key, let reason): "metadata '" + key + "' contradicts the file: " + reason
        case .unsupported(let key, let what): "'" + key + "': " + what + " is not supported"
        case .tokenizerTables(let error): error.description
        case .missingTensor(let name): "tensor '" + name + "' is missing"
        }
    }
}
