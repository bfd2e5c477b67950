import HexaBytecode
import Law

/// What a kernel call asks the law for.
enum KernelRight {
    /// An operation on a thing of the kernel's.
    case known(OperationCode, Target)
    /// An operation on the path in the call's first argument.
    case path(OperationCode)
    /// The call does not exist here; nothing can be done with it.
    case unavailable
}

extension KernelCall {
    /// The right that the call needs. Exhaustive: a new call does not compile before it has one.
    var right: KernelRight {
        switch self {
        case .infer, .stream, .streamNext: .known(.infer, .model)
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
        case .logits, .sample, .kvOpen, .kvAppend, .kvFork, .kvSave, .kvDrop, .capNarrow: .unavailable
        }
    }
}
