import HexaBytecode
import HexaVM

/// What `infer` and `stream` are given: a prompt, and a map of options.
public struct InferenceOptions: Equatable, Sendable {
    public enum Prompt: Equatable, Sendable {
        /// Asked as a user's message.
        case message([UInt8])
        /// Continued as it stands.
        case text([UInt8])
        /// A cache's tokens, continued as they stand.
        case tokens([Int32])
    }

    public var prompt: Prompt
    public var maxTokens = 256
    public var sampling = SamplingOptions()
    public var stop: [[UInt8]] = []

    /// - Parameter options: the call's second argument.
    init(_ prompt: Prompt, _ options: HostValue?) throws(KernelError) {
        self.prompt = prompt
        try forEachOption(options) { (name, value) throws(KernelError) in
            if try sampling.set(name, value) { return }
            try set(name, value)
        }
    }

    private mutating func set(_ name: String, _ value: HostValue) throws(KernelError) {
        switch (name, value) {
        case ("raw", .bool(let isRaw)):
            if isRaw, case .message(let text) = prompt { prompt = .text(text) }
        case ("max_tokens", .int(let count)) where 1...1_000_000 ~= count: maxTokens = Int(count)
        case ("stop", .string(let text)): stop = [text]
        case ("stop", .array(let texts)):
            stop = []
            for text in texts {
                guard case .string(let bytes) = text else { throw KernelError(.type, "\"stop\" holds strings") }
                stop.append(bytes)
            }
        default: throw unknownOption(name, "raw, max_tokens, stop, \(SamplingOptions.names)")
        }
    }
}

/// How a token is drawn: the options of `sample`, and among those of `infer` and `stream`.
public struct SamplingOptions: Equatable, Sendable {
    /// 0: always the likeliest token, so that a program does the same each time.
    public var temperature = 0.0
    /// 0 keeps all tokens.
    public var topK = 0
    public var topP = 1.0
    public var minP = 0.0
    public var seed: UInt64 = 0

    static var names: String { "temperature, top_k, top_p, min_p, seed" }

    init() {}

    /// - Parameters:
    ///   - options: the call's second argument.
    ///   - seed: what holds when the options name none.
    init(_ options: HostValue?, seed: UInt64) throws(KernelError) {
        self.seed = seed
        try forEachOption(options) { (name, value) throws(KernelError) in
            guard try set(name, value) else { throw unknownOption(name, Self.names) }
        }
    }

    /// False when it is none of these options, or has not such a value.
    fileprivate mutating func set(_ name: String, _ value: HostValue) throws(KernelError) -> Bool {
        switch (name, value) {
        case ("temperature", .float(let value)) where 0...2 ~= value: temperature = value
        case ("temperature", .int(let value)) where 0...2 ~= value: temperature = Double(value)
        case ("top_k", .int(let count)) where 0...1_000_000 ~= count: topK = Int(count)
        case ("top_p", .float(let value)) where value > 0 && value <= 1: topP = value
        case ("min_p", .float(let value)) where 0...1 ~= value: minP = value
        case ("seed", .int(let value)): seed = UInt64(bitPattern: value)
        default: return false
        }
        return true
    }
}

private func forEachOption(
    _ options: HostValue?, _ body: (String, HostValue) throws(KernelError) -> Void
) throws(KernelError) {
    guard let options else { return }
    guard case .map(let pairs) = options else { throw KernelError(.type, "options are a map") }
    for pair in pairs {
        guard case .string(let name) = pair.key else { throw KernelError(.key, "options have names") }
        try body(String(decoding: name, as: UTF8.self), pair.value)
    }
}

private func unknownOption(_ name: String, _ known: String) -> KernelError {
    KernelError(.value, "\"\(name)\" is no option, or not this value; there are \(known)")
}
