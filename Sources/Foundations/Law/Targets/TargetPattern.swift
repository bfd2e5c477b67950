/// What a grant is about: a path in which `*` stands for any one segment, and `**` at the end for one or more.
///
/// `/model/**` covers `/model/default` and `/model/default/tokenizer`, not `/model`. `/**` covers everything.
public struct TargetPattern: Hashable, Sendable {
    public let bytes: [UInt8]

    public init(_ bytes: [UInt8]) throws(PathError) {
        try TargetPath.check(bytes, isPattern: true)
        self.bytes = bytes
    }

    public init(_ text: String) throws(PathError) { try self.init(Array(text.utf8)) }

    /// The pattern that covers this path alone.
    public init(_ path: TargetPath) { bytes = path.bytes }

    public var text: String { String(decoding: bytes, as: UTF8.self) }

    /// Linear in the path, without allocating.
    public func covers(_ path: TargetPath) -> Bool {
        let path = path.bytes
        var (here, there) = (0, 0)
        while here < bytes.count, there < path.count {
            if bytes[here] != Self.star {
                guard bytes[here] == path[there] else { return false }
                here += 1
                there += 1
            } else if here + 1 < bytes.count, bytes[here + 1] == Self.star {
                return true
            } else {
                here += 1
                while there < path.count, path[there] != Self.slash { there += 1 }
            }
        }
        return here == bytes.count && there == path.count
    }

    /// Whether it covers every path that another pattern covers.
    public func covers(_ other: TargetPattern) -> Bool {
        let mine = bytes.split(separator: Self.slash)
        let theirs = other.bytes.split(separator: Self.slash)
        for (index, segment) in mine.enumerated() {
            guard index < theirs.count else { return false }
            if segment.elementsEqual([Self.star, Self.star]) { return true }
            if theirs[index].elementsEqual([Self.star, Self.star]) { return false }
            let isAny = segment.elementsEqual([Self.star])
            guard isAny || segment.elementsEqual(theirs[index]) else { return false }
        }
        return mine.count == theirs.count
    }

    private static let star = UInt8(ascii: "*")
    private static let slash = UInt8(ascii: "/")
}
