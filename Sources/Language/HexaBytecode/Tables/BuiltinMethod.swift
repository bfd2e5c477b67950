/// Methods of built-in values. Which receivers understand which method is the machine's business.
///
/// Modules name methods by text, so these raw values are not part of the format.
public enum BuiltinMethod: UInt8, CaseIterable, Sendable {
    case len, isEmpty, toString, contains, indexOf, reverse, join, slice
    case chars, bytes, charAt, substring, startsWith, endsWith, split, trim, toUpper, toLower, replace, `repeat`
    case parseInt, parseFloat, lines
    case push, pop, insert, remove, sort, first, last, clear, copy
    case get, set, has, keys, values
    case send, receive, tryReceive
    case toInt, toFloat, isAlpha, isDigit, isAlphanumeric, isWhitespace

    public var name: StaticString {
        switch self {
        case .len: "len"
        case .isEmpty: "is_empty"
        case .toString: "to_string"
        case .contains: "contains"
        case .indexOf: "index_of"
        case .reverse: "reverse"
        case .join: "join"
        case .slice: "slice"
        case .chars: "chars"
        case .bytes: "bytes"
        case .charAt: "char_at"
        case .substring: "substring"
        case .startsWith: "starts_with"
        case .endsWith: "ends_with"
        case .split: "split"
        case .trim: "trim"
        case .toUpper: "to_upper"
        case .toLower: "to_lower"
        case .replace: "replace"
        case .repeat: "repeat"
        case .parseInt: "parse_int"
        case .parseFloat: "parse_float"
        case .lines: "lines"
        default: collectionName
        }
    }

    private var collectionName: StaticString {
        switch self {
        case .push: "push"
        case .pop: "pop"
        case .insert: "insert"
        case .remove: "remove"
        case .sort: "sort"
        case .first: "first"
        case .last: "last"
        case .clear: "clear"
        case .copy: "copy"
        case .get: "get"
        case .set: "set"
        case .has: "has"
        case .keys: "keys"
        case .values: "values"
        case .send: "send"
        case .receive: "recv"
        case .tryReceive: "try_recv"
        case .toInt: "to_int"
        case .toFloat: "to_float"
        case .isAlpha: "is_alpha"
        case .isDigit: "is_digit"
        case .isAlphanumeric: "is_alphanumeric"
        default: "is_whitespace"
        }
    }

    public var nameBytes: [UInt8] { name.withUTF8Buffer { [UInt8]($0) } }
}
