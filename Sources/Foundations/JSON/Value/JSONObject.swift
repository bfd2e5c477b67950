/// The members of a JSON object in the order in which they were written.
///
/// Names may repeat: RFC 8259 leaves the meaning open. All occurrences are kept, and a look-up answers the *last* one,
/// as most readers do. Equality is member by member and respects order.
public struct JSONObject: Equatable, Sendable {
    public struct Member: Equatable, Sendable {
        public var key: JSONString
        public var value: JSONValue

        public init(key: JSONString, value: JSONValue) {
            self.key = key
            self.value = value
        }
    }

    public private(set) var members: [Member]

    public init(_ members: [Member] = []) {
        self.members = members
    }

    /// The value of the last member named `key`. Linear in the number of members: servers ask an object for a few known
    /// names, so an index would cost more than it saves, and `JSONLimits.valueCountMax` bounds the search.
    public subscript(key: String) -> JSONValue? {
        lastIndex(of: key).map { members[$0].value }
    }

    /// Replaces the last member named `key`, or appends one. Linear, as the look-up is: to build a large object from
    /// names known to differ, use `append`.
    public mutating func set(_ key: String, to value: JSONValue) {
        if let index = lastIndex(of: key) {
            members[index].value = value
        } else {
            append(Member(key: JSONString(key), value: value))
        }
    }

    /// Adds a member at the end without looking for its name among the others.
    public mutating func append(_ member: Member) {
        members.append(member)
    }

    private func lastIndex(of key: String) -> Int? {
        members.lastIndex { $0.key == key }
    }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
    public init(dictionaryLiteral elements: (JSONString, JSONValue)...) {
        self.init(elements.map { Member(key: $0.0, value: $0.1) })
    }
}
