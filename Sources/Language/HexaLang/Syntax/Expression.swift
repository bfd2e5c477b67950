/// A node of the syntax tree. What the resolver finds out about names is kept in the nodes' reference objects.
final class Expression {
    let kind: Kind
    let range: SourceRange

    init(_ kind: Kind, _ range: SourceRange) {
        self.kind = kind
        self.range = range
    }

    indirect enum Kind {
        case int(Int64), float(Double), string([UInt8]), char(UInt32), bool(Bool), void
        case name(NameReference)
        /// `Type::member`: a variant, or a function of an `impl`.
        case path(NameReference, Symbol)
        case array([Expression])
        case fill(Expression, count: Expression)
        case tuple([Expression])
        case map([(key: Expression, value: Expression)])
        case structure(NameReference, [FieldValue])
        case unary(UnaryOperator, Expression)
        case binary(BinaryOperator, Expression, Expression)
        case and(Expression, Expression)
        case or(Expression, Expression)
        case call(Expression, [Expression])
        case method(Expression, Symbol, [Expression])
        case field(Expression, Symbol)
        case element(Expression, Int)
        case index(Expression, Expression)
        case rangeOf(Expression, Expression, isClosed: Bool)
        case closure(FunctionNode)
        case block(Block)
        case ifElse(Expression, Block, Expression?)
        case match(Expression, [MatchArm])
        case tryCatch(Block, Binding?, Block)
        case whileLoop(Expression, Block)
        case loop(Block)
        case forLoop(Pattern, Expression, Block)
        case breakLoop, continueLoop
        case returnValue(Expression?)
        case throwValue(Expression)
        case assert(Expression, Expression?)
        case assign(Expression, BinaryOperator?, Expression)
        case spawn(FunctionNode)
        case select([SelectArm])
        case comptime(FunctionNode)
    }
}

struct FieldValue {
    var name: Symbol
    var value: Expression
    var range: SourceRange
}

enum UnaryOperator { case negate, not, complement }

enum BinaryOperator {
    case add, subtract, multiply, divide, remainder, power
    case equal, notEqual, less, lessEqual, greater, greaterEqual
    case bitOr, bitXor, bitAnd, shiftLeft, shiftRight

    var symbol: StaticString {
        switch self {
        case .add: "+"
        case .subtract: "-"
        case .multiply: "*"
        case .divide: "/"
        case .remainder: "%"
        case .power: "**"
        case .equal: "=="
        case .notEqual: "!="
        case .less: "<"
        case .lessEqual: "<="
        case .greater: ">"
        case .greaterEqual: ">="
        case .bitOr: "|"
        case .bitXor: "^"
        case .bitAnd: "&"
        case .shiftLeft: "<<"
        case .shiftRight: ">>"
        }
    }
}

/// Statements in braces; the last expression without `;` is the value.
final class Block {
    let statements: [Statement]
    let range: SourceRange

    init(_ statements: [Statement], _ range: SourceRange) {
        self.statements = statements
        self.range = range
    }
}

enum Statement {
    case expression(Expression, isDiscarded: Bool)
    case variable(VariableDeclaration)
    case function(FunctionNode, Binding)
    case item(Item)
}

/// `let`, `const` or `static`.
final class VariableDeclaration {
    enum Keyword { case let_, const, static_ }

    let keyword: Keyword
    let pattern: Pattern
    let type: TypeNode?
    let value: Expression?
    let isComptime: Bool
    let range: SourceRange

    init(
        _ keyword: Keyword, _ pattern: Pattern, _ type: TypeNode?, _ value: Expression?, isComptime: Bool,
        _ range: SourceRange
    ) {
        self.keyword = keyword
        self.pattern = pattern
        self.type = type
        self.value = value
        self.isComptime = isComptime
        self.range = range
    }
}

struct MatchArm {
    var pattern: Pattern
    var guardCondition: Expression?
    var body: Expression
}

struct SelectArm {
    /// nil for the arm that runs when no channel has a value.
    var channel: Expression?
    var binding: Binding?
    var body: Expression
}

final class Pattern {
    let kind: Kind
    let range: SourceRange

    init(_ kind: Kind, _ range: SourceRange) {
        self.kind = kind
        self.range = range
    }

    indirect enum Kind {
        case wildcard
        case binding(Binding)
        case literal(Expression)
        case rangeOf(Expression, Expression, isClosed: Bool)
        case variant(NameReference, Symbol, [Pattern])
        case structure(NameReference, [(field: Symbol, pattern: Pattern)])
        case tuple([Pattern])
        /// Elements, and what takes the rest: `[first, ..rest]`.
        case array([Pattern], rest: Pattern?)
        case or([Pattern])
    }
}

/// A type as written.
indirect enum TypeNode {
    case named(NameReference)
    case array(TypeNode)
    case tuple([TypeNode])
    case function
    case map
}
