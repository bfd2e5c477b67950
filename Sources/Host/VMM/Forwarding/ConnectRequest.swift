/// What a client of the vsock's Unix socket says first, in Firecracker's protocol: `CONNECT PORT`, a port of the guest
/// in decimal, and a line feed. The answer is `OK PORT` with the port on our side, once the guest has accepted.
struct ConnectRequest: Equatable {
    let port: UInt32
    /// The line's bytes; what follows is for the guest.
    let byteCount: Int

    enum Problem: Error {
        /// The line has not ended yet.
        case incomplete
        case malformed
    }

    /// The longest line: `CONNECT 4294967295`, its end, and room for a client that writes leading zeros.
    static let bytesMax = 32
    private static let command = Array("CONNECT ".utf8)
    private static let end = UInt8(ascii: "\n")

    /// Reads the line at the start of `bytes`.
    init(_ bytes: [UInt8]) throws(Problem) {
        guard let end = bytes.prefix(Self.bytesMax).firstIndex(of: Self.end) else {
            throw bytes.count < Self.bytesMax ? .incomplete : .malformed
        }
        guard bytes.starts(with: Self.command), end > Self.command.count else { throw .malformed }
        var port: UInt32 = 0
        for byte in bytes[Self.command.count..<end] {
            guard let digit = UInt32(exactly: Int(byte) - Int(UInt8(ascii: "0"))), digit < 10 else { throw .malformed }
            let (tens, overflow) = port.multipliedReportingOverflow(by: 10)
            let (sum, carry) = tens.addingReportingOverflow(digit)
            guard !overflow, !carry else { throw .malformed }
            port = sum
        }
        self.port = port
        byteCount = end + 1
    }

    static func answer(localPort: UInt32) -> [UInt8] { Array("OK \(localPort)\n".utf8) }
}
