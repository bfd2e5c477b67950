import HexaBytecode

/// A use of a name; the resolver says of what.
final class NameReference {
    let symbol: Symbol
    let range: SourceRange
    var resolution = Resolution.unresolved

    init(_ symbol: Symbol, _ range: SourceRange) {
        self.symbol = symbol
        self.range = range
    }
}

enum Resolution {
    case unresolved
    case local(Binding)
    /// A variable of an enclosing function: the index among the running closure's captures.
    case capture(Binding, Int)
    case global(GlobalVariable)
    case function(FunctionNode)
    case type(TypeDeclaration)
    case builtin(Builtin)
    case kernelCall(KernelCall)
    case number(Double)
}

/// A variable of a function.
final class Binding {
    let symbol: Symbol
    let range: SourceRange
    var isMutable: Bool
    var isParameter = false
    /// Number of the function whose variable it is.
    var owner = -1
    var isCaptured = false
    /// Written after its declaration; functions declared in blocks count as written, so that they can call themselves.
    var isAssigned = false
    var isUsed = false
    /// Filled in by the resolver when the declaration is at the top of a file.
    var global: GlobalVariable?
    /// Set while its function is compiled.
    var register = -1
    var type = StaticType.any

    init(_ symbol: Symbol, _ range: SourceRange, isMutable: Bool) {
        self.symbol = symbol
        self.range = range
        self.isMutable = isMutable
    }

    /// Shared between functions of which one writes it: lives in a cell.
    var isCell: Bool { isCaptured && isAssigned }
}

/// A variable at the top of a file.
final class GlobalVariable {
    let binding: Binding
    let isConstant: Bool
    /// The initial value of a `const`, which compile-time evaluation reads.
    var initializer: Expression?
    var isComptime = false
    /// Some function reads or writes it, so it cannot live in a register of the top-level code.
    var isShared = false
    var index = -1
    var type = StaticType.any
    var comptimeValue: ConstantValue?
    var isBeingEvaluated = false

    init(_ binding: Binding, isConstant: Bool) {
        self.binding = binding
        self.isConstant = isConstant
    }
}

struct Attribute {
    var name: Symbol
    var arguments: [[UInt8]]
    var range: SourceRange
}

/// A function, method, closure, task body, proof or the code at the top of a file.
final class FunctionNode {
    let symbol: Symbol
    let range: SourceRange
    /// Place in the order of creation: how compilers find what they have made of it.
    let number: Int
    var parameters: [Parameter] = []
    var returnType: TypeNode?
    var body: Block
    var attributes: [Attribute] = []
    var captures: [Binding] = []
    /// The enclosing function, once resolved.
    var parent: FunctionNode?
    var file: SourceFile
    var owner: TypeDeclaration?
    var hasSelf = false
    var isComptime = false
    var isPure = false
    var isMemoized = false

    init(_ symbol: Symbol, _ range: SourceRange, number: Int, body: Block, file: SourceFile) {
        self.symbol = symbol
        self.range = range
        self.number = number
        self.body = body
        self.file = file
    }
}

struct Parameter {
    var binding: Binding
    var type: TypeNode?
    /// Takes the argument apart; nil for a plain name.
    var pattern: Pattern?
}

/// A struct, enum or trait, or a built-in type that an `impl` extends.
final class TypeDeclaration {
    enum Kind {
        case structure([(name: Symbol, type: TypeNode?)])
        case enumeration([(name: Symbol, payload: [TypeNode])])
        case trait(required: [Symbol], provided: [FunctionNode])
        case builtin(ReceiverClass)
    }

    let symbol: Symbol
    let range: SourceRange
    var kind: Kind
    var methods: [Symbol: FunctionNode] = [:]
    var methodOrder: [FunctionNode] = []
    /// Index among the module's nominal types.
    var index = -1
    /// What implements the trait.
    var implementers: [TypeDeclaration] = []

    init(_ symbol: Symbol, _ range: SourceRange, _ kind: Kind) {
        self.symbol = symbol
        self.range = range
        self.kind = kind
    }

    var receiverClass: ReceiverClass {
        if case .builtin(let receiver) = kind { return receiver }
        return .nominal(index)
    }
}

enum Item {
    case function(FunctionNode)
    case type(TypeDeclaration)
    case implementation(Implementation)
    case use(path: [UInt8], SourceRange)
    case proof(FunctionNode)
    case attribute(Attribute)
}

struct Implementation {
    var target: NameReference
    var trait: NameReference?
    var methods: [FunctionNode]
    var range: SourceRange
}

/// What the compiler knows of a value without running the program.
indirect enum StaticType: Equatable {
    /// Nothing.
    case any
    /// Control never gets here.
    case never
    case void, bool, int, float, char, string, map, function, rangeOf, channel
    case array(StaticType)
    case tuple([StaticType])
    case nominal(Int)
    case trait(Int)
}

/// A value computed while compiling.
indirect enum ConstantValue {
    case void
    case bool(Bool)
    case int(Int64)
    case float(Double)
    case char(UInt32)
    case string([UInt8])
    case array([ConstantValue])
    case tuple([ConstantValue])
    case map([(key: ConstantValue, value: ConstantValue)])
}
