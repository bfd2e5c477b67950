/// What an operand means, and with it what the verifier must prove of it.
public enum OperandKind: Sendable {
    /// Not used; must be zero.
    case unused
    /// A register that is read, written, or both.
    case register
    /// A plain number, any value.
    case immediate
    /// Half of the 16-bit immediate in `b` and `c`.
    case immediateHalf
    /// 0 or 1.
    case flag
    /// How many registers a span has.
    case count
    /// Index into the function's module tables.
    case constant, function, global, name, type, nominal, capture
    /// A variant of the enum that `d` names.
    case variant
    /// Index into the fixed tables of this version.
    case builtin, kernelCall
    /// Distance in instructions from the next instruction.
    case jump
}

/// Registers that an instruction uses beyond those its operands name.
public enum RegisterSpan: Sendable {
    case none
    /// `b ..< b + c`
    case fromB
    /// `a ..< a + b`, at least `a`: arguments in, result out.
    case arguments
    /// `a ... a + b`: the callee, then its arguments.
    case calleeAndArguments
    /// `b ..< b + captures of function d`
    case captures
    /// `b ..< b + fields of struct d`
    case fields
    /// `b ..< b + payload of variant c of enum d`
    case payload
    /// `a ... a + 2`: loop state and loop variable.
    case loop
    /// `a ... a + 3`: loop state and a pair of loop variables.
    case pairLoop
    /// `a, a + 1` written and `b ..< b + c` read.
    case select
}

/// How one opcode uses its operands, and what it does, in one line.
public struct OperandLayout: Sendable {
    public let a, b, c, d: OperandKind
    public let span: RegisterSpan
    /// Control never reaches the following instruction.
    public let endsFlow: Bool
    /// In register equations: `R` registers, `K` constants, `G` globals.
    public let summary: StaticString

    init(
        _ a: OperandKind = .unused, _ b: OperandKind = .unused, _ c: OperandKind = .unused, _ d: OperandKind = .unused,
        span: RegisterSpan = .none, endsFlow: Bool = false, does summary: StaticString
    ) {
        self.a = a
        self.b = b
        self.c = c
        self.d = d
        self.span = span
        self.endsFlow = endsFlow
        self.summary = summary
    }
}
