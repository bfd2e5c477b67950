extension ModelContainer {
    /// The string under `key`.
    package func string(_ key: String) throws(ModelConfigurationError) -> String {
        guard let value = self[key] else { throw .missing(key: key) }
        guard let string = value.string else { throw .wrongType(key: key, expected: "a string") }
        return string
    }

    /// The boolean under `key`; nil where the metadata has none.
    package func bool(_ key: String) throws(ModelConfigurationError) -> Bool? {
        guard let value = self[key] else { return nil }
        guard let bool = value.bool else { throw .wrongType(key: key, expected: "a boolean") }
        return bool
    }

    /// The array of strings under `key`.
    package func stringArray(_ key: String) throws(ModelConfigurationError) -> GGUFArray {
        guard let value = self[key] else { throw .missing(key: key) }
        guard let array = value.array, array.elementType == .string else {
            throw .wrongType(key: key, expected: "an array of strings")
        }
        return array
    }
}
