/// A compiled program: what a `.hxb` file holds. Nothing in it is trusted before `VerifiedModule` has proved it.
public struct BytecodeModule: Equatable, Sendable {
    public var constants: [Constant] = []
    /// Names of functions, fields, methods and types, as UTF-8.
    public var names: [[UInt8]] = []
    public var types: [TypeDescriptor] = []
    public var nominals: [NominalType] = []
    public var functions: [BytecodeFunction] = []
    /// Source files that functions name in stack traces.
    public var files: [[UInt8]] = []
    public var globalCount = 0
    /// The function that runs the program: no parameters, no captures.
    public var entry = 0
    /// Test blocks: name and function, run by `hexa test`.
    public var proofs: [Proof] = []
    /// What the program asks of the law: `@law("op", "target")`.
    public var needs: [Need] = []

    public init() {}

    public enum Constant: Hashable, Sendable {
        case int(Int64)
        /// By bit pattern, so that constants can be compared and hashed.
        case float(bits: UInt64)
        case char(UInt32)
        case string([UInt8])
    }

    public struct Proof: Equatable, Sendable {
        public var name: Int
        public var function: Int

        public init(name: Int, function: Int) {
            self.name = name
            self.function = function
        }
    }

    public struct Need: Equatable, Sendable {
        public var operation: [UInt8]
        public var target: [UInt8]

        public init(operation: [UInt8], target: [UInt8]) {
            self.operation = operation
            self.target = target
        }
    }
}

/// A type as an annotation names it, checked at run time where the compiler could not tell.
public enum TypeDescriptor: Hashable, Sendable {
    case any, void, bool, int, float, char, string, array, tuple(count: Int), map, function, range, channel
    case nominal(Int)
    /// Any of these types: what implements a trait.
    case oneOf([ReceiverClass])
}

/// What a method can be defined on: a built-in kind of value, or a struct or enum of the module.
public struct ReceiverClass: Hashable, Sendable, BitwiseCopyable {
    public var index: Int

    public init(index: Int) { self.index = index }

    /// Built-in kinds come first, then the module's nominal types.
    public static let builtinCount = 16
    public static func nominal(_ index: Int) -> ReceiverClass { ReceiverClass(index: builtinCount + index) }
    public static let void = ReceiverClass(index: 0)
    public static let bool = ReceiverClass(index: 1)
    public static let int = ReceiverClass(index: 2)
    public static let float = ReceiverClass(index: 3)
    public static let char = ReceiverClass(index: 4)
    public static let string = ReceiverClass(index: 5)
    public static let array = ReceiverClass(index: 6)
    public static let tuple = ReceiverClass(index: 7)
    public static let map = ReceiverClass(index: 8)
    public static let function = ReceiverClass(index: 9)
    public static let range = ReceiverClass(index: 10)
    public static let channel = ReceiverClass(index: 11)
    public static let error = ReceiverClass(index: 12)
    public static let handle = ReceiverClass(index: 13)
}

/// A struct or an enum. A struct is a single variant without a name of its own.
public struct NominalType: Equatable, Sendable {
    public var name: Int
    public var shape: Shape

    public enum Shape: Equatable, Sendable {
        /// Names of the fields, in order.
        case structure(fields: [Int])
        case enumeration([Variant])
    }

    public struct Variant: Equatable, Sendable {
        public var name: Int
        public var payloadCount: Int

        public init(name: Int, payloadCount: Int) {
            self.name = name
            self.payloadCount = payloadCount
        }
    }

    public init(name: Int, shape: Shape) {
        self.name = name
        self.shape = shape
    }
}

public struct BytecodeFunction: Equatable, Sendable {
    public var name: Int
    public var file: Int
    public var parameterCount = 0
    public var captureCount = 0
    public var registerCount = 1
    public var code: [Instruction] = []
    /// Source position of each instruction.
    public var positions: [SourcePosition] = []
    public var handlers: [ExceptionHandler] = []
    /// The receiver class and name this function is a method of, when it is one.
    public var method: Method?

    public struct Method: Equatable, Sendable {
        public var receiver: ReceiverClass
        public var name: Int

        public init(receiver: ReceiverClass, name: Int) {
            self.receiver = receiver
            self.name = name
        }
    }

    public init(name: Int, file: Int) {
        self.name = name
        self.file = file
    }
}

/// Line and column, from 1; the column counts characters.
public struct SourcePosition: Equatable, Hashable, Sendable, BitwiseCopyable {
    public var line: UInt32
    public var column: UInt32

    public init(line: UInt32, column: UInt32) {
        self.line = line
        self.column = column
    }
}

/// An error raised by instructions `start ..< end` goes to `target` with the error in `register`. The first entry that
/// fits wins, so inner blocks come first.
public struct ExceptionHandler: Equatable, Sendable, BitwiseCopyable {
    public var start: Int
    public var end: Int
    public var target: Int
    public var register: Int

    public init(start: Int, end: Int, target: Int, register: Int) {
        self.start = start
        self.end = end
        self.target = target
        self.register = register
    }
}
