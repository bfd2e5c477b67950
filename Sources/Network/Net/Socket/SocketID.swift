/// Names a connection that was accepted. The generation makes a stale id harmless: it never names a later connection.
public struct SocketID: Hashable, Sendable {
    let slot: Int
    let generation: UInt32
}

/// An IPv4 address and a TCP port.
public struct SocketAddress: Hashable, Sendable {
    public let address: IPv4Address
    public let port: UInt16

    public init(address: IPv4Address, port: UInt16) {
        self.address = address
        self.port = port
    }
}

extension SocketAddress: CustomStringConvertible {
    public var description: String { "\(address):\(port)" }
}
