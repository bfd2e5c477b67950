/// The bytes that request bodies may hold together. They are charged before they are received.
struct BodyBudget {
    private(set) var limit: Int
    private(set) var chargedBytes = 0

    init(limit: Int) { self.limit = limit }

    /// Charges `count` more bytes; false, and nothing is charged, when they exceed the limit.
    mutating func charge(_ count: Int) -> Bool {
        guard count <= limit - chargedBytes else { return false }
        chargedBytes += count
        return true
    }

    mutating func release(_ count: Int) { chargedBytes -= count }

    /// What is charged already may exceed a lower limit until it is released.
    mutating func setLimit(_ count: Int) { limit = count }
}
