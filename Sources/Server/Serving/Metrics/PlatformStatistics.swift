import Net

/// What the platform under the server tells of itself. What it does not count is nil, and left out of the metrics.
public struct PlatformStatistics: Sendable {
    /// Allocations from the heap since the start.
    public var heapAllocations: UInt64?
    /// Times that a core was found not to be running when its share of a pass was wanted: the host had taken it
    /// away.
    public var laneStalls: UInt64?
    /// Times that sleeping cores were woken for a pass.
    public var laneWakes: UInt64?
    /// What the TCP/IP stack has done; nil where the platform's own sockets are used.
    public var network: NetworkStatistics?

    public init(heapAllocations: UInt64? = nil, laneStalls: UInt64? = nil, laneWakes: UInt64? = nil) {
        self.heapAllocations = heapAllocations
        self.laneStalls = laneStalls
        self.laneWakes = laneWakes
    }
}
