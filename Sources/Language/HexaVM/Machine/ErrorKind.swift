/// What went wrong: the `.kind` of an error value.
public enum ErrorKind: UInt8, CaseIterable, Sendable {
    case type, index, key, field, arity, value, overflow, divisionByZero
    case assertion, match, depth, memory, deadlock
    /// The law denies the call.
    case denied
    /// There is no such call here.
    case unavailable
    /// The call was made and failed: no such file, ...
    case io

    public var name: StaticString {
        switch self {
        case .type: "type"
        case .index: "index"
        case .key: "key"
        case .field: "field"
        case .arity: "arity"
        case .value: "value"
        case .overflow: "overflow"
        case .divisionByZero: "division_by_zero"
        case .assertion: "assertion"
        case .match: "match"
        case .depth: "depth"
        case .memory: "memory"
        case .deadlock: "deadlock"
        case .denied: "EPERM"
        case .unavailable: "unavailable"
        case .io: "io"
        }
    }
}
