import HexaBytecode

/// A value outside the machine: arguments of kernel calls and their answers. A copy, never a reference into the heap.
public enum HostValue: Equatable, Sendable {
    case void
    case bool(Bool)
    case int(Int64)
    case float(Double)
    case char(UInt32)
    /// UTF-8; bytes that are not become replacement characters on their way in.
    case string([UInt8])
    case array([HostValue])
    case tuple([HostValue])
    /// In order of insertion.
    case map([(key: HostValue, value: HostValue)])
    /// A number that means something to the driver only: a stream, a cache, a capability.
    case handle(UInt64)

    public static func string(_ text: String) -> HostValue { .string(Array(text.utf8)) }

    public static func == (left: HostValue, right: HostValue) -> Bool {
        switch (left, right) {
        case (.void, .void): true
        case (.bool(let a), .bool(let b)): a == b
        case (.int(let a), .int(let b)): a == b
        case (.float(let a), .float(let b)): a == b
        case (.char(let a), .char(let b)): a == b
        case (.string(let a), .string(let b)): a == b
        case (.array(let a), .array(let b)), (.tuple(let a), .tuple(let b)): a == b
        case (.handle(let a), .handle(let b)): a == b
        case (.map(let a), .map(let b)):
            a.count == b.count && zip(a, b).allSatisfy { $0.key == $1.key && $0.value == $1.value }
        default: false
        }
    }
}

/// A call that the driver must answer before the program goes on.
public struct KernelRequest: Equatable, Sendable {
    public var call: KernelCall
    public var arguments: [HostValue]
}

/// Why the driver refuses a kernel call; the program catches it as an error value.
public struct KernelError: Error, Equatable, Sendable {
    public var kind: ErrorKind
    public var message: [UInt8]

    public init(_ kind: ErrorKind, _ message: String) {
        self.kind = kind
        self.message = Array(message.utf8)
    }
}
