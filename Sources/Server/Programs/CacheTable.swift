import HexaVM
import Law

/// The caches that a run has open: sequences of tokens, by handle.
///
/// What the model has computed for a sequence is not here: the engine keeps it, page by page, for whoever continues the
/// same tokens, and gives it up when requests need the memory. So a fork costs a list, shares all that was computed,
/// and no program can hold memory that others wait for.
struct CacheTable {
    private var caches: [UInt64: [Int32]] = [:]
    private var nextHandle = firstHandle
    private var tokenCount = 0

    /// Handles of streams are small numbers: one kind is never taken for the other.
    private static var firstHandle: UInt64 { 1 << 32 }

    mutating func open(
        _ permit: consuming Permit<Write, CachesTarget>, _ tokens: [Int32]
    ) throws(KernelError) -> HostValue {
        try add(tokens)
    }

    mutating func fork(
        _ permit: consuming Permit<Fork, CachesTarget>, _ handle: UInt64
    ) throws(KernelError) -> HostValue {
        try add(try tokens(handle))
    }

    func tokens(_ handle: UInt64) throws(KernelError) -> [Int32] {
        guard let tokens = caches[handle] else { throw KernelError(.value, "there is no such cache, or no longer") }
        return tokens
    }

    mutating func append(
        _ permit: consuming Permit<Append, CachesTarget>, _ tokens: [Int32], to handle: UInt64
    ) throws(KernelError) {
        _ = try self.tokens(handle)
        try grow(by: tokens.count)
        caches[handle]?.append(contentsOf: tokens)
    }

    mutating func drop(_ permit: consuming Permit<Write, CachesTarget>, _ handle: UInt64) throws(KernelError) {
        tokenCount -= try tokens(handle).count
        caches[handle] = nil
    }

    private mutating func add(_ tokens: [Int32]) throws(KernelError) -> HostValue {
        guard caches.count < Limits.cachesMax else {
            throw KernelError(.memory, "\(Limits.cachesMax) caches are open already: kv_drop some")
        }
        try grow(by: tokens.count)
        defer { nextHandle += 1 }
        caches[nextHandle] = tokens
        return .handle(nextHandle)
    }

    private mutating func grow(by count: Int) throws(KernelError) {
        guard count <= Limits.cacheTokensMax - tokenCount else {
            throw KernelError(.memory, "the run's caches would exceed \(Limits.cacheTokensMax) tokens")
        }
        tokenCount += count
    }
}

/// Tokens as the bytes of a saved cache: four for each, the least significant first.
enum SavedCache {
    static func bytes(of tokens: [Int32]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(tokens.count * 4)
        for token in tokens {
            for shift in [0, 8, 16, 24] { bytes.append(UInt8(truncatingIfNeeded: token >> Int32(shift))) }
        }
        return bytes
    }

    static func tokens(of bytes: [UInt8]) -> [Int32] {
        stride(from: 0, to: bytes.count - bytes.count % 4, by: 4).map { start in
            (0..<4).reduce(Int32(0)) { $0 | Int32(bytes[start + $1]) << Int32(8 * $1) }
        }
    }
}
