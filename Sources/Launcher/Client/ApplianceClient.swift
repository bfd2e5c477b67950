import Glibc
import JSON

/// One request to a running appliance, wherever it is, and its whole answer. Waits for it; used by commands that have
/// nothing else to do meanwhile.
public struct ApplianceClient {
    let host: String
    let port: String
    let apiKey: String?

    /// How long a connection may be silent.
    private static let timeoutSeconds = 60

    /// - Parameter url: `http://HOST[:PORT]`; a path is ignored, so that the API's base URL works too.
    public init(url: String, apiKey: String?) throws(LaunchError) {
        let scheme = "http://"
        guard url.hasPrefix(scheme) else {
            throw .valueUnusable(flag: "--url", reason: "must begin with \(scheme)")
        }
        let authority = url.dropFirst(scheme.count).prefix { $0 != "/" }
        let parts = authority.split(separator: ":", omittingEmptySubsequences: false)
        guard 1...2 ~= parts.count, !parts[0].isEmpty, parts.count == 1 || UInt16(parts[1]) != nil else {
            throw .valueUnusable(flag: "--url", reason: "must look like http://127.0.0.1:8080")
        }
        host = String(parts[0])
        port = parts.count == 2 ? String(parts[1]) : "80"
        self.apiKey = apiKey
    }

    /// Sends a request; answers the body of a success. Anything else is thrown with the server's own message.
    public func request(_ method: String, _ path: String, body: [UInt8] = []) throws(LaunchError) -> [UInt8] {
        let socket = try connect()
        var head = "\(method) \(path) HTTP/1.1\r\nHost: \(host)\r\nConnection: close\r\n"
        head += "Content-Type: application/json\r\nContent-Length: \(body.count)\r\n"
        if let apiKey { head += "Authorization: Bearer \(apiKey)\r\n" }
        guard socket.write(Array((head + "\r\n").utf8) + body) else {
            throw .badAnswer(reason: "the connection to \(host):\(port) broke")
        }
        var reader = HTTPResponseReader()
        var answer: [UInt8] = []
        while !reader.isComplete {
            guard let bytes = socket.read(), !bytes.isEmpty else { break }
            answer += try reader.receive(bytes)
        }
        guard let status = reader.status else { throw .badAnswer(reason: "\(host):\(port) answered nothing") }
        guard status == 200 else {
            let message = (try? JSONValue(parsing: answer))?["error"]?["message"]?.stringValue
            throw .refused(status: status, message: message ?? "no reason given")
        }
        return answer
    }

    private func connect() throws(LaunchError) -> FileDescriptor {
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
            var timeout = timeval(tv_sec: Self.timeoutSeconds, tv_usec: 0)
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
