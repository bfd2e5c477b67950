/// What a subject may ask of a target. The type itself marks a `Permit`, so that a permit to read cannot be spent on
/// a write: the mistake does not compile.
public protocol Operation {
    static var code: OperationCode { get }
}

/// An operation as data: one bit of a grant.
public enum OperationCode: UInt8, CaseIterable, Sendable {
    case read, write, append, execute, infer, fork, listen, administer

    /// The name as it stands in `raw.json` and in records of denials.
    public var name: StaticString {
        switch self {
        case .read: "read"
        case .write: "write"
        case .append: "append"
        case .execute: "exec"
        case .infer: "infer"
        case .fork: "fork"
        case .listen: "listen"
        case .administer: "admin"
        }
    }
}

public enum Read: Operation { public static var code: OperationCode { .read } }
public enum Write: Operation { public static var code: OperationCode { .write } }
public enum Infer: Operation { public static var code: OperationCode { .infer } }
public enum Listen: Operation { public static var code: OperationCode { .listen } }
public enum Administer: Operation { public static var code: OperationCode { .administer } }

/// A set of operations.
public struct OperationSet: OptionSet, Sendable {
    public let rawValue: UInt8
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    @inlinable
    public init(_ code: OperationCode) { rawValue = 1 << code.rawValue }

    public static var read: OperationSet { OperationSet(.read) }
    public static var write: OperationSet { OperationSet(.write) }
    public static var append: OperationSet { OperationSet(.append) }
    public static var execute: OperationSet { OperationSet(.execute) }
    public static var infer: OperationSet { OperationSet(.infer) }
    public static var fork: OperationSet { OperationSet(.fork) }
    public static var listen: OperationSet { OperationSet(.listen) }
    public static var administer: OperationSet { OperationSet(.administer) }
    public static var all: OperationSet { OperationSet(rawValue: .max) }

    @inlinable
    public func contains(_ code: OperationCode) -> Bool { rawValue & (1 << code.rawValue) != 0 }
}
