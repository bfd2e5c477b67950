import Glibc
import HostErrors
import HostSystem
import JSON

/// Requests to a running appliance, wherever it is: a connection for each. Waits for answers; used by commands that
/// have nothing else to do meanwhile.
public struct ApplianceClient {
    let host: String
    let port: String
    let apiKey: String?

    /// How long an answer may pause unless somebody knows better.
    public static let silenceSecondsDefault = 60

    /// - Parameter url: `http://HOST[:PORT]`; a path is ignored, so that the API's base URL works too.
    public init(url: String, apiKey: String?) throws(ClientError) {
        let scheme = "http://"
        guard url.hasPrefix(scheme) else {
            throw .address(UnusableValue(flag: "--url", reason: "must begin with \(scheme)"))
        }
        let authority = url.dropFirst(scheme.count).prefix { $0 != "/" }
        let parts = authority.split(separator: ":", omittingEmptySubsequences: false)
        guard 1...2 ~= parts.count, !parts[0].isEmpty, parts.count == 1 || UInt16(parts[1]) != nil else {
            throw .address(UnusableValue(flag: "--url", reason: "must look like http://127.0.0.1:8080"))
        }
        host = String(parts[0])
        port = parts.count == 2 ? String(parts[1]) : "80"
        self.apiKey = apiKey
    }

    /// Sends a request; answers the body of a success. Anything else is thrown with the server's own message.
    public func request(
        _ method: String, _ path: String, headers: [String] = [], body: [UInt8] = []
    ) throws(ClientError) -> [UInt8] {
        var stream = try open(method, path, headers: headers, body: body)
        var answer: [UInt8] = []
        while let piece = try stream.next() { answer += piece }
        return answer
    }

    /// Sends a request whose answer is to be read as it comes.
    ///
    /// - Parameters:
    ///   - path: with its query, percent-encoded.
    ///   - headers: lines without their ends.
    ///   - silenceSeconds: how long the answer may pause; nil for ever.
    public func open(
        _ method: String, _ path: String, headers: [String] = [], body: [UInt8] = [],
        silenceSeconds: Int? = Self.silenceSecondsDefault
    ) throws(ClientError) -> ApplianceAnswer {
        let socket = try connect(silenceSeconds: silenceSeconds ?? 0)
        var lines = ["\(method) \(path) HTTP/1.1", "Host: \(host)", "Connection: close"] + headers
        lines += ["Content-Type: application/json", "Content-Length: \(body.count)"]
        if let apiKey { lines.append("Authorization: Bearer \(apiKey)") }
        guard socket.write(Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8) + body) else {
            throw .badAnswer(BadAnswer(reason: "the connection to \(host):\(port) broke"))
        }
        return ApplianceAnswer(socket, from: "\(host):\(port)")
    }

    /// Text as a part of a path or query: all but the unreserved characters of RFC 3986 encoded.
    public static func percentEncoded(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF")
        return text.utf8.reduce(into: "") { encoded, byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                encoded.unicodeScalars.append(Unicode.Scalar(byte))
            default: encoded += "%\(digits[Int(byte >> 4)])\(digits[Int(byte & 15)])"
            }
        }
    }

    private func connect(silenceSeconds: Int) throws(ClientError) -> FileDescriptor {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        let failure = getaddrinfo(host, port, &hints, &list)
        guard failure == 0 else {
            throw .unreachable(address: "\(host):\(port)", reason: String(cString: gai_strerror(failure)))
        }
        defer { freeaddrinfo(list) }
        var reason = "no address"
        var next = list
        while let info = next?.pointee {
            let type = info.ai_socktype | Int32(SOCK_CLOEXEC.rawValue)
            let socket = FileDescriptor(owning: socket(info.ai_family, type, 0))
            var timeout = timeval(tv_sec: silenceSeconds, tv_usec: 0)
            let size = socklen_t(MemoryLayout<timeval>.size)
            setsockopt(socket.number, SOL_SOCKET, SO_RCVTIMEO, &timeout, size)
            setsockopt(socket.number, SOL_SOCKET, SO_SNDTIMEO, &timeout, size)
            if Glibc.connect(socket.number, info.ai_addr, info.ai_addrlen) == 0 { return socket }
            reason = errorText(errno)
            next = info.ai_next
        }
        throw .unreachable(address: "\(host):\(port)", reason: reason)
    }
}
