/// What a subject may ask of a target, as a type that marks a `Permit`.
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

    /// The operation of that name; nil when there is none.
    public init?(name: [UInt8]) {
        guard let code = Self.allCases.first(where: { $0.name.utf8Bytes == name }) else { return nil }
        self = code
    }
}

public enum Read: Operation { public static var code: OperationCode { .read } }
public enum Write: Operation { public static var code: OperationCode { .write } }
public enum Append: Operation { public static var code: OperationCode { .append } }
public enum Execute: Operation { public static var code: OperationCode { .execute } }
public enum Infer: Operation { public static var code: OperationCode { .infer } }
public enum Fork: Operation { public static var code: OperationCode { .fork } }
public enum Listen: Operation { public static var code: OperationCode { .listen } }
public enum Administer: Operation { public static var code: OperationCode { .administer } }

/// A set of operations.
public struct OperationSet: OptionSet, Hashable, Sendable {
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

    /// Its members, in the order of their codes.
    public var codes: [OperationCode] { OperationCode.allCases.filter { contains($0) } }
}

extension StaticString {
    var utf8Bytes: [UInt8] { withUTF8Buffer { Array($0) } }
    var text: String { withUTF8Buffer { String(decoding: $0, as: UTF8.self) } }
}
