/// What a module claims and does not keep: it is refused before anything of it runs.
public struct VerificationError: Error, Equatable, Sendable {
    public enum Reason: Equatable, Sendable {
        case tableTooLong
        case badIndex(table: ModuleTable, index: Int)
        case badConstant
        case badEntry
        case badRegisterCount(Int)
        case badParameterCount(Int)
        case emptyFunction
        case tooManyInstructions
        case positionsMissing
        case badMethod
        case badHandler(Int)
        case unknownOpcode(UInt8)
        case registerOutOfBounds(Int)
        case unusedOperandNotZero
        case badFlag(Int)
        case badCount(Int)
        case jumpOutOfBounds(Int)
        case wrongArgumentCount(expected: Int, got: Int)
        case capturesMissing
        case wrongShape
        case fallsOffTheEnd
    }

    public var reason: Reason
    /// Index of the function, nil when a table of the module is at fault.
    public var function: Int?
    /// Index of the instruction in the function.
    public var instruction: Int?

    public init(_ reason: Reason, function: Int? = nil, instruction: Int? = nil) {
        self.reason = reason
        self.function = function
        self.instruction = instruction
    }

    public var message: String {
        var text = "bytecode refused"
        if let function { text += " in function \(function)" }
        if let instruction { text += " at instruction \(instruction)" }
        return text + ": " + reason.text
    }
}

/// The table an index should have been in.
public enum ModuleTable: Equatable, Sendable {
    case constant, function, global, name, type, nominal, variant, capture, builtin, kernelCall, file, receiver

    var text: String {
        switch self {
        case .constant: "constant"
        case .function: "function"
        case .global: "global"
        case .name: "name"
        case .type: "type"
        case .nominal: "struct or enum"
        case .variant: "variant"
        case .capture: "capture"
        case .builtin: "library function"
        case .kernelCall: "kernel call"
        case .file: "file"
        case .receiver: "receiver class"
        }
    }
}

extension VerificationError.Reason {
    var text: String {
        switch self {
        case .tableTooLong: "a table is longer than its limit"
        case .badIndex(let table, let index): "there is no \(table.text) \(index)"
        case .badConstant: "a constant is not a valid character or text"
        case .badEntry: "an entry function or proof takes parameters or captures"
        case .badRegisterCount(let count): "\(count) registers, the limit is \(BytecodeLimits.registersMax)"
        case .badParameterCount(let count): "\(count) parameters do not fit the registers"
        case .emptyFunction: "the function has no instructions"
        case .tooManyInstructions: "the function has too many instructions"
        case .positionsMissing: "instructions lack their source positions"
        case .badMethod: "a method without a receiver, or captures in a method"
        case .badHandler(let index): "exception handler \(index) is out of bounds"
        case .unknownOpcode(let byte): "no opcode has number \(byte)"
        case .registerOutOfBounds(let register): "register \(register) is outside the frame"
        case .unusedOperandNotZero: "an unused operand is not zero"
        case .badFlag(let value): "flag is \(value), must be 0 or 1"
        case .badCount(let value): "count \(value) is out of range"
        case .jumpOutOfBounds(let target): "jump to \(target), outside the function"
        case .wrongArgumentCount(let expected, let got): "the callee takes \(expected) arguments, gets \(got)"
        case .capturesMissing: "the function captures variables and cannot be used without them"
        case .wrongShape: "a struct is used as an enum or an enum as a struct"
        case .fallsOffTheEnd: "control can run past the last instruction"
        }
    }
}
