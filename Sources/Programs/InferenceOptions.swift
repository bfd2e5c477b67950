import HexaBytecode
import HexaVM

/// What `infer` and `stream` are given: a prompt, and a map of options.
public struct InferenceOptions: Equatable, Sendable {
    public var prompt: [UInt8]
    /// The prompt is continued as it stands, instead of being asked as a user's message.
    public var isRaw = false
    public var maxTokens = 256
    /// 0: always the likeliest token, so that a program does the same each time.
    public var temperature = 0.0
    public var seed: UInt64 = 0
    public var stop: [[UInt8]] = []

    init(_ request: KernelRequest) throws(KernelError) {
        guard case .string(let prompt) = request.arguments[0] else {
            throw KernelError(.type, "\(request.call.signature.name) needs a prompt: a string")
        }
        self.prompt = prompt
        guard request.arguments.count > 1 else { return }
        guard case .map(let options) = request.arguments[1] else {
            throw KernelError(.type, "\(request.call.signature.name) takes options as a map")
        }
        for option in options {
            guard case .string(let key) = option.key else { throw KernelError(.key, "options have names") }
            try set(key, option.value)
        }
    }

    private mutating func set(_ key: [UInt8], _ value: HostValue) throws(KernelError) {
        switch (String(decoding: key, as: UTF8.self), value) {
        case ("raw", .bool(let flag)): isRaw = flag
        case ("max_tokens", .int(let count)) where 1...1_000_000 ~= count: maxTokens = Int(count)
        case ("temperature", .float(let value)) where 0...2 ~= value: temperature = value
        case ("temperature", .int(let value)) where 0...2 ~= value: temperature = Double(value)
        case ("seed", .int(let value)): seed = UInt64(bitPattern: value)
        case ("stop", .string(let text)): stop = [text]
        case ("stop", .array(let texts)):
            stop = []
            for text in texts {
                guard case .string(let bytes) = text else { throw KernelError(.type, "\"stop\" holds strings") }
                stop.append(bytes)
            }
        default:
            throw KernelError(.value, "\"\(String(decoding: key, as: UTF8.self))\" is no option, or not this value; "
                + "there are raw, max_tokens, temperature, seed, stop")
        }
    }
}
