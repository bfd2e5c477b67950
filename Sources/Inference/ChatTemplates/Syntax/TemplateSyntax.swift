/// An expression of the template language.
struct TemplateExpression: Sendable {
    let kind: Kind
    let line: Int
    /// Of the tree below: bounded, so that walks over it have bounded stacks.
    let height: Int

    indirect enum Kind: Sendable {
        case literal(TemplateValue)
        case variable(String)
        case list([TemplateExpression])
        case object([(key: TemplateExpression, value: TemplateExpression)])
        case attribute(TemplateExpression, [UInt8])
        case element(TemplateExpression, TemplateExpression)
        case slice(TemplateExpression, TemplateSlice)
        case not(TemplateExpression)
        case negative(TemplateExpression)
        case binary(BinaryOperator, TemplateExpression, TemplateExpression)
        case and(TemplateExpression, TemplateExpression)
        case or(TemplateExpression, TemplateExpression)
        /// `a < b < c`: each operand is compared with the one before.
        case comparison(TemplateExpression, [(ComparisonOperator, TemplateExpression)])
        case conditional(condition: TemplateExpression, then: TemplateExpression, otherwise: TemplateExpression?)
        case call(TemplateExpression, TemplateArguments)
        case filter(TemplateExpression, name: String, TemplateArguments)
        case test(TemplateExpression, name: String, TemplateArguments, isNegated: Bool)
    }

    enum BinaryOperator: Sendable { case add, subtract, multiply, divide, floorDivide, remainder, power, concatenate }

    enum ComparisonOperator: Sendable {
        case equal, notEqual, less, lessOrEqual, greater, greaterOrEqual, isIn, isNotIn
    }
}

/// `[lower:upper:step]`
struct TemplateSlice: Sendable {
    var lower: TemplateExpression?
    var upper: TemplateExpression?
    var step: TemplateExpression?
}

struct TemplateArguments: Sendable {
    var positional: [TemplateExpression] = []
    var keyword: [(name: String, value: TemplateExpression)] = []
}

/// A statement of the template language.
indirect enum TemplateStatement: Sendable {
    case text([UInt8])
    case output(TemplateExpression)
    case conditional([(condition: TemplateExpression, body: [TemplateStatement])], otherwise: [TemplateStatement])
    case loop(TemplateLoop)
    case assign([TemplateTarget], TemplateExpression)
    case assignBlock(TemplateTarget, [TemplateFilterCall], [TemplateStatement], line: Int)
    /// Binds the macro's name.
    case macro(index: Int)
    /// Calls a macro with the macro at `index` as its `caller`.
    case callBlock(TemplateExpression, index: Int)
    case filterBlock([TemplateFilterCall], [TemplateStatement], line: Int)
    case breakLoop
    case continueLoop
}

struct TemplateLoop: Sendable {
    var targets: [String]
    var iterable: TemplateExpression
    /// Elements for which this is false do not count at all.
    var condition: TemplateExpression?
    var body: [TemplateStatement]
    /// Runs when there was no element.
    var otherwise: [TemplateStatement]
    var line: Int
}

/// What `set` assigns to.
enum TemplateTarget: Sendable {
    case variable(String)
    /// An attribute of a namespace.
    case attribute(variable: String, name: [UInt8])
}

/// A filter with its arguments, applied to a block's text.
struct TemplateFilterCall: Sendable {
    var name: String
    var arguments: TemplateArguments
}

struct TemplateMacro: Sendable {
    struct Parameter: Sendable {
        var name: String
        var defaultValue: TemplateExpression?
    }

    var name: String
    var parameters: [Parameter]
    var body: [TemplateStatement]
}
