extension Opcode {
    /// The operands of this opcode. The switch is exhaustive: an opcode without a layout does not compile.
    public var layout: OperandLayout {
        switch self {
        case .move: OperandLayout(.register, .register, does: "R[a] = R[b]")
        case .loadVoid: OperandLayout(.register, does: "R[a] = void")
        case .loadBool: OperandLayout(.register, .flag, does: "R[a] = b == 1")
        case .loadInt: OperandLayout(.register, .unused, .unused, .immediate, does: "R[a] = d")
        case .loadConstant: OperandLayout(.register, .unused, .unused, .constant, does: "R[a] = K[d]")
        case .loadFunction:
            OperandLayout(.register, .unused, .unused, .function, does: "R[a] = function d, which captures nothing")
        case .loadBuiltin: OperandLayout(.register, .unused, .unused, .builtin, does: "R[a] = library function d")
        case .getGlobal: OperandLayout(.register, .unused, .unused, .global, does: "R[a] = G[d]")
        case .setGlobal: OperandLayout(.register, .unused, .unused, .global, does: "G[d] = R[a]")
        case .getCapture:
            OperandLayout(.register, .unused, .unused, .capture, does: "R[a] = capture d of the running closure")
        case .newCell: OperandLayout(.register, .register, does: "R[a] = new cell that holds R[b]")
        case .getCell: OperandLayout(.register, .register, does: "R[a] = content of cell R[b]")
        case .setCell: OperandLayout(.register, .register, does: "content of cell R[a] = R[b]")
        case .newClosure:
            OperandLayout(
                .register, .register, .unused, .function, span: .captures,
                does: "R[a] = closure of function d over R[b], R[b + 1], ...")
        case .add, .subtract, .multiply, .divide, .remainder, .power, .addConstant, .subtractConstant,
            .multiplyConstant, .divideConstant, .remainderConstant, .addInt, .bitAnd, .bitOr, .bitXor, .shiftLeft,
            .shiftRight, .negate, .not, .complement, .equal, .notEqual, .less, .lessEqual:
            arithmeticLayout
        case .jump, .jumpIf, .jumpUnless, .jumpEqual, .jumpNotEqual, .jumpLess, .jumpNotLess, .jumpLessEqual,
            .jumpNotLessEqual, .jumpEqualInt, .jumpNotEqualInt, .jumpLessInt, .jumpNotLessInt, .jumpLessEqualInt,
            .jumpNotLessEqualInt, .jumpGreaterInt, .jumpNotGreaterInt, .jumpGreaterEqualInt, .jumpNotGreaterEqualInt:
            jumpLayout
        case .rangePrepare:
            OperandLayout(
                .register, .unused, .flag, .jump, span: .loop,
                does: "ints R[a] up to R[a + 1] (included when c == 1): R[a + 2] = R[a], or jump when empty")
        case .rangeNext:
            OperandLayout(
                .register, .unused, .unused, .jump, span: .loop,
                does: "R[a] += 1; R[a + 2] = R[a] and jump while it is within the limit")
        case .iteratePrepare:
            OperandLayout(.register, span: .loop, does: "begin to iterate over R[a]: R[a + 1] = position")
        case .iterateNext:
            OperandLayout(
                .register, .unused, .unused, .jump, span: .loop,
                does: "R[a + 2] = next element of R[a], or jump at its end")
        case .iterateNextPair:
            OperandLayout(
                .register, .unused, .unused, .jump, span: .pairLoop,
                does: "R[a + 2], R[a + 3] = next key and value or pair of R[a], or jump at its end")
        default: callAndObjectLayout
        }
    }

    private var arithmeticLayout: OperandLayout {
        switch self {
        case .add: OperandLayout(.register, .register, .register, does: "R[a] = R[b] + R[c]")
        case .subtract: OperandLayout(.register, .register, .register, does: "R[a] = R[b] - R[c]")
        case .multiply: OperandLayout(.register, .register, .register, does: "R[a] = R[b] * R[c]")
        case .divide: OperandLayout(.register, .register, .register, does: "R[a] = R[b] / R[c]")
        case .remainder: OperandLayout(.register, .register, .register, does: "R[a] = R[b] % R[c]")
        case .power: OperandLayout(.register, .register, .register, does: "R[a] = R[b] ** R[c]")
        case .addConstant: OperandLayout(.register, .register, .unused, .constant, does: "R[a] = R[b] + K[d]")
        case .subtractConstant: OperandLayout(.register, .register, .unused, .constant, does: "R[a] = R[b] - K[d]")
        case .multiplyConstant: OperandLayout(.register, .register, .unused, .constant, does: "R[a] = R[b] * K[d]")
        case .divideConstant: OperandLayout(.register, .register, .unused, .constant, does: "R[a] = R[b] / K[d]")
        case .remainderConstant: OperandLayout(.register, .register, .unused, .constant, does: "R[a] = R[b] % K[d]")
        case .addInt: OperandLayout(.register, .register, .unused, .immediate, does: "R[a] = R[b] + d")
        case .bitAnd: OperandLayout(.register, .register, .register, does: "R[a] = R[b] & R[c]")
        case .bitOr: OperandLayout(.register, .register, .register, does: "R[a] = R[b] | R[c]")
        case .bitXor: OperandLayout(.register, .register, .register, does: "R[a] = R[b] ^ R[c]")
        case .shiftLeft: OperandLayout(.register, .register, .register, does: "R[a] = R[b] << R[c]")
        case .shiftRight: OperandLayout(.register, .register, .register, does: "R[a] = R[b] >> R[c]")
        case .negate: OperandLayout(.register, .register, does: "R[a] = -R[b]")
        case .not: OperandLayout(.register, .register, does: "R[a] = !R[b]")
        case .complement: OperandLayout(.register, .register, does: "R[a] = ~R[b]")
        case .equal: OperandLayout(.register, .register, .register, does: "R[a] = R[b] == R[c]")
        case .notEqual: OperandLayout(.register, .register, .register, does: "R[a] = R[b] != R[c]")
        case .less: OperandLayout(.register, .register, .register, does: "R[a] = R[b] < R[c]")
        default: OperandLayout(.register, .register, .register, does: "R[a] = R[b] <= R[c]")
        }
    }

    private var jumpLayout: OperandLayout {
        func compare(_ summary: StaticString) -> OperandLayout {
            OperandLayout(.register, .register, .unused, .jump, does: summary)
        }
        func compareInt(_ summary: StaticString) -> OperandLayout {
            OperandLayout(.register, .immediateHalf, .immediateHalf, .jump, does: summary)
        }
        return switch self {
        case .jump: OperandLayout(.unused, .unused, .unused, .jump, endsFlow: true, does: "jump")
        case .jumpIf: OperandLayout(.register, .unused, .unused, .jump, does: "jump if R[a]")
        case .jumpUnless: OperandLayout(.register, .unused, .unused, .jump, does: "jump if !R[a]")
        case .jumpEqual: compare("jump if R[a] == R[b]")
        case .jumpNotEqual: compare("jump if R[a] != R[b]")
        case .jumpLess: compare("jump if R[a] < R[b]")
        case .jumpNotLess: compare("jump if !(R[a] < R[b])")
        case .jumpLessEqual: compare("jump if R[a] <= R[b]")
        case .jumpNotLessEqual: compare("jump if !(R[a] <= R[b])")
        case .jumpEqualInt: compareInt("jump if R[a] == bc")
        case .jumpNotEqualInt: compareInt("jump if R[a] != bc")
        case .jumpLessInt: compareInt("jump if R[a] < bc")
        case .jumpNotLessInt: compareInt("jump if !(R[a] < bc)")
        case .jumpLessEqualInt: compareInt("jump if R[a] <= bc")
        case .jumpNotLessEqualInt: compareInt("jump if !(R[a] <= bc)")
        case .jumpGreaterInt: compareInt("jump if R[a] > bc")
        case .jumpNotGreaterInt: compareInt("jump if !(R[a] > bc)")
        case .jumpGreaterEqualInt: compareInt("jump if R[a] >= bc")
        default: compareInt("jump if !(R[a] >= bc)")
        }
    }

    private var callAndObjectLayout: OperandLayout {
        switch self {
        case .call:
            OperandLayout(
                .register, .count, .unused, .function, span: .arguments,
                does: "R[a] = function d (R[a], ... b arguments)")
        case .callValue:
            OperandLayout(.register, .count, span: .calleeAndArguments, does: "R[a] = R[a] (R[a + 1], ... b arguments)")
        case .callMethod:
            OperandLayout(
                .register, .count, .unused, .name, span: .arguments,
                does: "R[a] = method d of R[a] (R[a], ... b arguments, the receiver first)")
        case .callBuiltin:
            OperandLayout(
                .register, .count, .unused, .builtin, span: .arguments,
                does: "R[a] = library function d (R[a], ... b arguments)")
        case .callKernel:
            OperandLayout(
                .register, .count, .unused, .kernelCall, span: .arguments,
                does: "R[a] = kernel call d (R[a], ... b arguments)")
        case .returnValue: OperandLayout(.register, endsFlow: true, does: "return R[a]")
        case .returnVoid: OperandLayout(endsFlow: true, does: "return void")
        case .newArray: OperandLayout(.register, .register, .count, span: .fromB, does: "R[a] = [R[b], ... c elements]")
        case .appendArray:
            OperandLayout(.register, .register, .count, span: .fromB, does: "append R[b], ... c elements to array R[a]")
        case .fillArray: OperandLayout(.register, .register, .register, does: "R[a] = [R[b]; R[c]]")
        case .newTuple: OperandLayout(.register, .register, .count, span: .fromB, does: "R[a] = (R[b], ... c elements)")
        case .newMap: OperandLayout(.register, does: "R[a] = {}")
        case .newStruct:
            OperandLayout(.register, .register, .unused, .nominal, span: .fields, does: "R[a] = struct d { R[b], ... }")
        case .newVariant:
            OperandLayout(
                .register, .register, .variant, .nominal, span: .payload,
                does: "R[a] = variant c of enum d (R[b], ...)")
        case .newRange:
            OperandLayout(.register, .register, .register, .flag, does: "R[a] = R[b] .. R[c], closed when d == 1")
        case .getIndex: OperandLayout(.register, .register, .register, does: "R[a] = R[b][R[c]]")
        case .setIndex: OperandLayout(.register, .register, .register, does: "R[a][R[b]] = R[c]")
        case .getField:
            OperandLayout(
                .register, .register, .immediate, .name,
                does: "R[a] = R[b].d; c is where the field likely is")
        case .setField:
            OperandLayout(
                .register, .register, .immediate, .name,
                does: "R[a].d = R[b]; c is where the field likely is")
        case .getElement:
            OperandLayout(
                .register, .register, .immediate,
                does: "R[a] = element c of tuple, struct, enum or array R[b]")
        case .isVariant:
            OperandLayout(.register, .register, .variant, .nominal, does: "R[a] = R[b] is variant c of enum d")
        case .isStruct: OperandLayout(.register, .register, .unused, .nominal, does: "R[a] = R[b] is a struct d")
        case .isTuple: OperandLayout(.register, .register, .immediate, does: "R[a] = R[b] is a tuple of c elements")
        case .isArray:
            OperandLayout(
                .register, .register, .immediate, .flag,
                does: "R[a] = R[b] is an array of c elements, or more when d == 1")
        case .checkType:
            OperandLayout(.register, .flag, .unused, .type, does: "error unless R[a] has type d; b == 1 for a result")
        case .throwValue: OperandLayout(.register, endsFlow: true, does: "throw R[a]")
        case .throwAssertion:
            OperandLayout(.register, endsFlow: true, does: "throw a failed assertion with message R[a]")
        case .throwNoMatch: OperandLayout(.register, endsFlow: true, does: "throw that no arm matches R[a]")
        case .spawn: OperandLayout(.register, does: "start a task that calls closure R[a]")
        default:
            OperandLayout(
                .register, .register, .count, .flag, span: .select,
                does: "wait for channels R[b], ... c of them: R[a] = which, R[a + 1] = value; -1 when d == 1")
        }
    }
}
