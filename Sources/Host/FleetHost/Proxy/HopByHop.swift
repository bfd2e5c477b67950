import NIOHTTP1

extension HTTPHeaders {
    /// The fields that speak of one connection and not of the message (RFC 9110 section 7.6.1). The framing of an
    /// answer stays as it is: its body is passed on chunk by chunk.
    private static let hopByHop = ["connection", "keep-alive", "proxy-connection", "te", "upgrade"]

    /// Takes out what the next hop must not see.
    mutating func removeHopByHopFields() {
        for name in self[canonicalForm: "connection"] { remove(name: String(name)) }
        for name in Self.hopByHop { remove(name: name) }
    }
}
