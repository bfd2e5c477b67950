/// A bound on what a subject uses.
public enum Quota: UInt8, CaseIterable, Sendable {
    /// Prompt and generated tokens, over any minute.
    case tokensPerMinute
    /// Completion requests in progress.
    case concurrentRequests
    /// Pages of the KV cache that requests in progress may come to hold.
    case keyValuePages
    /// Memory of a program: heap and stacks.
    case heapBytes
    /// Calls and loop iterations of a program in a second.
    case fuelPerSecond

    /// The name in `raw.json`, in records and in refusals.
    public var name: StaticString {
        switch self {
        case .tokensPerMinute: "tokens_per_minute"
        case .concurrentRequests: "concurrent_requests"
        case .keyValuePages: "kv_pages"
        case .heapBytes: "heap_bytes"
        case .fuelPerSecond: "fuel_per_second"
        }
    }
}

/// The bounds of a subject; what is not bounded is nil.
public struct Quotas: Equatable, Sendable {
    public var tokensPerMinute: Int?
    public var concurrentRequests: Int?
    public var keyValuePages: Int?
    public var heapBytes: Int?
    public var fuelPerSecond: Int?

    public init() {}

    public subscript(quota: Quota) -> Int? {
        get {
            switch quota {
            case .tokensPerMinute: tokensPerMinute
            case .concurrentRequests: concurrentRequests
            case .keyValuePages: keyValuePages
            case .heapBytes: heapBytes
            case .fuelPerSecond: fuelPerSecond
            }
        }
        set {
            switch quota {
            case .tokensPerMinute: tokensPerMinute = newValue
            case .concurrentRequests: concurrentRequests = newValue
            case .keyValuePages: keyValuePages = newValue
            case .heapBytes: heapBytes = newValue
            case .fuelPerSecond: fuelPerSecond = newValue
            }
        }
    }
}
