import ModelFormats

/// The text has more tokens than were asked for.
public struct TokenLimitExceeded: Error, Equatable, Sendable {
    public let limit: Int
}

/// Tokens as they are found, up to a limit.
struct TokenList {
    private(set) var tokens: [TokenID] = []
    private let limit: Int

    /// - Parameter expectedCount: how many tokens to make room for.
    init(limit: Int, expectedCount: Int) {
        self.limit = limit
        tokens.reserveCapacity(min(expectedCount, limit))
    }

    var count: Int { tokens.count }

    mutating func append(_ token: TokenID) throws(TokenLimitExceeded) {
        guard tokens.count < limit else { throw TokenLimitExceeded(limit: limit) }
        tokens.append(token)
    }

    mutating func removeLast(_ count: Int) { tokens.removeLast(count) }
}
