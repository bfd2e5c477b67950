/// The operations of the machine. `layout` in Opcode+Layout.swift is the other half of this table: the verifier, the
/// disassembler and docs/bytecode.md derive from both.
public enum Opcode: UInt8, CaseIterable, Sendable {
    // Loads and variables
    case move, loadVoid, loadBool, loadInt, loadConstant, loadFunction, loadBuiltin
    case getGlobal, setGlobal, getCapture, newCell, getCell, setCell, newClosure
    // Arithmetic
    case add, subtract, multiply, divide, remainder, power
    case addConstant, subtractConstant, multiplyConstant, divideConstant, remainderConstant
    case addInt
    case bitAnd, bitOr, bitXor, shiftLeft, shiftRight
    case negate, not, complement
    // Comparison
    case equal, notEqual, less, lessEqual
    // Jumps
    case jump, jumpIf, jumpUnless
    case jumpEqual, jumpNotEqual, jumpLess, jumpNotLess, jumpLessEqual, jumpNotLessEqual
    case jumpEqualInt, jumpNotEqualInt, jumpLessInt, jumpNotLessInt, jumpLessEqualInt, jumpNotLessEqualInt
    case jumpGreaterInt, jumpNotGreaterInt, jumpGreaterEqualInt, jumpNotGreaterEqualInt
    // Loops
    case rangePrepare, rangeNext, iteratePrepare, iterateNext, iterateNextPair
    // Calls
    case call, callValue, callMethod, callBuiltin, callKernel, returnValue, returnVoid
    // Aggregates
    case newArray, appendArray, fillArray, newTuple, newMap, newStruct, newVariant, newRange
    case getIndex, setIndex, getField, setField, getElement
    // Tests for patterns and annotations
    case isVariant, isStruct, isTuple, isArray, checkType
    // Errors
    case throwValue, throwAssertion, throwNoMatch
    // Tasks
    case spawn, select
}
