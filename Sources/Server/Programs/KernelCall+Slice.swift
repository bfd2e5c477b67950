import HexaBytecode

extension KernelCall {
    /// Whether the call moves no more than a number: then the caller's slice goes on after it.
    var isBrief: Bool {
        switch self {
        case .now, .clock, .environment, .kvFork, .kvDrop: true
        default: false
        }
    }
}
