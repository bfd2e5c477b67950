/// The protocol versions that the server speaks. A later minor version is treated as 1.1 (RFC 9110 section 6.2).
public enum HTTPVersion: Equatable, Sendable {
    case http1_0, http1_1
}
