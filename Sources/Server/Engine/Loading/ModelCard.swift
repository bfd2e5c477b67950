/// What clients learn about the model that is served.
public struct ModelCard: Sendable {
    /// The name under which it is asked for.
    public var id: String
    /// Seconds since 1970.
    public var created: UInt64
    public var contextLength: Int
    public var vocabularySize: Int
    public var parameterCount: UInt64

    public init(id: String, created: UInt64, contextLength: Int, vocabularySize: Int, parameterCount: UInt64) {
        self.id = id
        self.created = created
        self.contextLength = contextLength
        self.vocabularySize = vocabularySize
        self.parameterCount = parameterCount
    }
}
