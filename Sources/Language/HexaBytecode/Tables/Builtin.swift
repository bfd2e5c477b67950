/// Library functions that run inside the machine: no kernel is asked, no law applies.
///
/// A raw value is part of the bytecode format: append, never reorder.
public enum Builtin: UInt8, CaseIterable, Sendable {
    case print, println, eprintln, format
    case toString, toInt, toFloat, toChar
    case len, typeOf, args, exit
    case abs, min, max, floor, ceil, round, sqrt, pow, exp, log, log2, sin, cos, tan
    case sigma, phi, tau, sopfr, gcd
    case random, seed
    case assertEq
    case isAlpha, isDigit, isAlphanumeric
    case arrayFill, channel
    case eprint

    public var signature: CallSignature {
        switch self {
        case .print: CallSignature("print", Self.anyCount)
        case .println: CallSignature("println", Self.anyCount)
        case .eprintln: CallSignature("eprintln", Self.anyCount)
        case .eprint: CallSignature("eprint", Self.anyCount)
        case .format: CallSignature("format", 1...BytecodeLimits.argumentsMax)
        case .toString: CallSignature("to_string", 1)
        case .toInt: CallSignature("to_int", 1)
        case .toFloat: CallSignature("to_float", 1)
        case .toChar: CallSignature("to_char", 1)
        case .len: CallSignature("len", 1)
        case .typeOf: CallSignature("type_of", 1)
        case .args: CallSignature("args", 0)
        case .exit: CallSignature("exit", 0...1)
        case .assertEq: CallSignature("assert_eq", 2...3)
        case .isAlpha: CallSignature("is_alpha", 1)
        case .isDigit: CallSignature("is_digit", 1)
        case .isAlphanumeric: CallSignature("is_alphanumeric", 1)
        case .arrayFill: CallSignature("array_fill", 2)
        case .channel: CallSignature("channel", 0)
        default: mathSignature
        }
    }

    private static let anyCount = 0...BytecodeLimits.argumentsMax

    private var mathSignature: CallSignature {
        switch self {
        case .abs: CallSignature("abs", 1)
        case .min: CallSignature("min", 1...BytecodeLimits.argumentsMax)
        case .max: CallSignature("max", 1...BytecodeLimits.argumentsMax)
        case .floor: CallSignature("floor", 1)
        case .ceil: CallSignature("ceil", 1)
        case .round: CallSignature("round", 1)
        case .sqrt: CallSignature("sqrt", 1)
        case .pow: CallSignature("pow", 2)
        case .exp: CallSignature("exp", 1)
        case .log: CallSignature("log", 1)
        case .log2: CallSignature("log2", 1)
        case .sin: CallSignature("sin", 1)
        case .cos: CallSignature("cos", 1)
        case .tan: CallSignature("tan", 1)
        case .sigma: CallSignature("sigma", 1)
        case .phi: CallSignature("phi", 1)
        case .tau: CallSignature("tau", 1)
        case .sopfr: CallSignature("sopfr", 1)
        case .gcd: CallSignature("gcd", 2)
        case .random: CallSignature("random", 0...2)
        default: CallSignature("seed", 1)
        }
    }

    /// Other spellings of the same functions.
    public static let aliases: [(name: StaticString, builtin: Builtin)] = [
        ("str", .toString), ("int", .toInt), ("float", .toFloat), ("env_args", .args),
    ]

    /// No output and nothing from outside: allowed while compiling and in `@pure` functions.
    public var isPure: Bool {
        switch self {
        case .print, .println, .eprint, .eprintln, .args, .exit, .random, .seed, .channel: false
        default: true
        }
    }
}
