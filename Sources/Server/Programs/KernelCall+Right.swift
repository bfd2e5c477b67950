import HexaBytecode
import Law

/// What a kernel call asks the law for.
enum KernelRight {
    /// An operation on a thing of the kernel's.
    case known(OperationCode, Target)
    /// An operation on the path in the call's first argument.
    case path(OperationCode)
    /// None but that of being there at all: the call only takes rights away from its caller.
    case own
}

extension KernelCall {
    /// The right that the call needs. Exhaustive: a new call does not compile before it has one.
    var right: KernelRight {
        switch self {
        case .infer, .stream, .streamNext, .logits, .sample: .known(.infer, .model)
        case .tokenize, .detokenize: .known(.read, .tokenizer)
        case .fsRead, .fsList, .readFile, .exists, .listDirectory: .path(.read)
        case .fsWrite, .writeFile: .path(.write)
        case .fsAppend, .appendFile: .path(.append)
        case .request: .known(.read, .request)
        case .respond: .known(.write, .request)
        case .log: .known(.append, .log)
        case .now, .clock: .known(.read, .clock)
        case .environment: .known(.read, .environment)
        case .exec: .known(.execute, .shell)
        case .kvOpen, .kvDrop: .known(.write, .caches)
        case .kvAppend: .known(.append, .caches)
        case .kvFork: .known(.fork, .caches)
        case .kvSave: .path(.write)
        case .capNarrow: .own
        }
    }

    /// Whether the call moves no more than a number: then the caller's slice goes on after it.
    var isBrief: Bool {
        switch self {
        case .now, .clock, .environment, .kvFork, .kvDrop: true
        default: false
        }
    }
}
