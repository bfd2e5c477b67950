/// The path of a target: `/fs/notes/today.txt`.
///
/// Its form is checked once, so that two spellings never name one thing: it begins with a slash, has no empty segment,
/// no `.` and `..`, no slash at the end, and only visible ASCII without `*`.
public struct TargetPath: Hashable, Sendable {
    public let bytes: [UInt8]

    public init(_ bytes: [UInt8]) throws(PathError) {
        try Self.check(bytes, isPattern: false)
        self.bytes = bytes
    }

    public init(_ text: String) throws(PathError) { try self.init(Array(text.utf8)) }

    init(known path: StaticString) { bytes = path.utf8Bytes }

    public var text: String { String(decoding: bytes, as: UTF8.self) }

    /// `**` may only end a pattern: a pattern is then matched in one pass, without going back.
    static func check(_ bytes: [UInt8], isPattern: Bool) throws(PathError) {
        guard bytes.first == UInt8(ascii: "/") else { throw .noLeadingSlash }
        guard bytes.count <= Limits.pathBytesMax else { throw .tooLong }
        guard bytes.allSatisfy({ 0x21...0x7E ~= $0 }) else { throw .invisibleCharacter }
        let segments = bytes.dropFirst().split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard segments.count <= Limits.pathSegmentsMax else { throw .tooDeep }
        for (index, segment) in segments.enumerated() {
            if segment.isEmpty { throw .emptySegment }
            let isDots = segment.count <= 2 && segment.allSatisfy { $0 == UInt8(ascii: ".") }
            if isDots { throw .dotSegment }
            guard segment.contains(UInt8(ascii: "*")) else { continue }
            guard isPattern else { throw .starInPath }
            guard segment.allSatisfy({ $0 == UInt8(ascii: "*") }), segment.count <= 2 else { throw .partialStar }
            if segment.count == 2, index + 1 != segments.count { throw .starsNotLast }
        }
    }
}

/// Why bytes are no path or pattern.
public enum PathError: Error, Equatable, Sendable {
    case noLeadingSlash, tooLong, invisibleCharacter, tooDeep, emptySegment, dotSegment
    case starInPath, partialStar, starsNotLast

    /// What is wrong and what to write instead, to follow the path in a message.
    public var message: String {
        switch self {
        case .noLeadingSlash: "a path begins with '/'"
        case .tooLong: "a path has at most \(Limits.pathBytesMax) bytes"
        case .invisibleCharacter: "a path holds visible ASCII only, without spaces"
        case .tooDeep: "a path has at most \(Limits.pathSegmentsMax) segments"
        case .emptySegment: "a path has no empty segments: write '/a/b', neither '/a//b' nor '/a/'"
        case .dotSegment: "'.' and '..' are no segments: write the path out"
        case .starInPath: "'*' stands in patterns only"
        case .partialStar: "'*' stands for a whole segment: write '/a/*' or '/a/**'"
        case .starsNotLast: "'**' can only be the last segment"
        }
    }
}
