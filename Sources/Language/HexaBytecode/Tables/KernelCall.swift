/// Calls that leave the machine. The driver answers each with a value or an error; the law is checked on its side.
///
/// A raw value is part of the bytecode format: append, never reorder.
public enum KernelCall: UInt8, CaseIterable, Sendable {
    case infer, stream, streamNext, tokenize, detokenize, logits, sample
    case kvOpen, kvAppend, kvFork, kvSave, kvDrop
    case fsRead, fsWrite, fsAppend, fsList
    case respond, request, log, now, capNarrow
    case readFile, writeFile, appendFile, exists, listDirectory
    case exec, environment, clock

    public var signature: CallSignature {
        switch self {
        case .infer: CallSignature("infer", 1...2)
        case .stream: CallSignature("stream", 1...2)
        case .streamNext: CallSignature("stream_next", 1)
        case .tokenize: CallSignature("tokenize", 1)
        case .detokenize: CallSignature("detokenize", 1)
        case .logits: CallSignature("logits", 1)
        case .sample: CallSignature("sample", 1...2)
        case .kvOpen: CallSignature("kv_open", 0...1)
        case .kvAppend: CallSignature("kv_append", 2)
        case .kvFork: CallSignature("kv_fork", 1)
        case .kvSave: CallSignature("kv_save", 2)
        case .kvDrop: CallSignature("kv_drop", 1)
        case .fsRead: CallSignature("fs_read", 1)
        case .fsWrite: CallSignature("fs_write", 2)
        case .fsAppend: CallSignature("fs_append", 2)
        case .fsList: CallSignature("fs_list", 1)
        case .respond: CallSignature("respond", 1)
        case .request: CallSignature("request", 0)
        // `log` is also the logarithm: the machine makes it a kernel call when its argument is a string.
        case .log: CallSignature("log_line", 1)
        case .now: CallSignature("now", 0)
        case .capNarrow: CallSignature("cap_narrow", 2)
        case .readFile: CallSignature("read_file", 1)
        case .writeFile: CallSignature("write_file", 2)
        case .appendFile: CallSignature("append_file", 2)
        case .exists: CallSignature("exists", 1)
        case .listDirectory: CallSignature("list_dir", 1)
        case .exec: CallSignature("exec", 1)
        case .environment: CallSignature("env", 1)
        case .clock: CallSignature("clock", 0)
        }
    }
}
