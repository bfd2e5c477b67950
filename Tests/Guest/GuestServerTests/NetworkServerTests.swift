import GuestServer
import MonotonicTime
import Net
import Serving
import Testing

@Suite("The server on its network stack")
struct NetworkServerTests {
    @Test("a request over TCP is answered, and the connection stays for the next one")
    func keepAlive() throws {
        let bench = try Bench()
        let socket = try bench.connect()
        for _ in 0..<3 {
            bench.send("GET /version HTTP/1.1\r\nHost: x\r\n\r\n", on: socket)
            #expect(bench.received(on: socket).hasPrefix("HTTP/1.1 200 "))
        }
    }

    @Test("before there is a model, health says 503 and completions do too")
    func loading() throws {
        let bench = try Bench()
        let socket = try bench.connect()
        bench.send("GET /health HTTP/1.1\r\nHost: x\r\n\r\n", on: socket)
        #expect(bench.received(on: socket).hasPrefix("HTTP/1.1 503 "))
        let body = #"{"prompt":"x"}"#
        bench.send(
            "POST /v1/completions HTTP/1.1\r\nHost: x\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)", on: socket)
        #expect(bench.received(on: socket).hasPrefix("HTTP/1.1 503 "))
    }

    @Test("requests that arrive together are answered in their order")
    func pipelining() throws {
        let bench = try Bench()
        let socket = try bench.connect()
        bench.send("GET /version HTTP/1.1\r\nHost: x\r\n\r\nGET /nothing HTTP/1.1\r\nHost: x\r\n\r\n", on: socket)
        let answers = bench.received(on: socket).split(separator: "HTTP/1.1 ")
        #expect(answers.map { $0.prefix(3) } == ["200", "404"])
    }

    @Test("the counters of the network stack are among the metrics")
    func networkMetrics() throws {
        let bench = try Bench()
        let socket = try bench.connect()
        bench.node.report(PlatformStatistics())
        bench.send("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", on: socket)
        let metrics = bench.received(on: socket)
        #expect(metrics.contains("\nhexa_tcp_connections_accepted_total 1\n"))
        #expect(metrics.contains("\nhexa_network_drops_total{reason=\"bad_checksum\"} 0\n"))
    }

    @Test("a request cut into single bytes is the same request")
    func fragments() throws {
        let bench = try Bench()
        let socket = try bench.connect()
        for character in "GET /version HTTP/1.1\r\nHost: x\r\n\r\n" { bench.send(String(character), on: socket) }
        #expect(bench.received(on: socket).hasPrefix("HTTP/1.1 200 "))
    }

    @Test("rubbish gets 400 and an orderly close, and the next client is served")
    func rubbish() throws {
        let bench = try Bench()
        let socket = try bench.connect()
        bench.send("\u{1}\u{2}\u{3}\r\n\r\n", on: socket)
        #expect(bench.received(on: socket).hasPrefix("HTTP/1.1 400 "))
        #expect(bench.clientEvents().contains(.peerClosed(socket)))
        let next = try bench.connect()
        bench.send("GET /version HTTP/1.1\r\nHost: x\r\n\r\n", on: next)
        #expect(bench.received(on: next).hasPrefix("HTTP/1.1 200 "))
    }

    @Test("Connection: close is a FIN after the answer, and nothing of the connection stays behind")
    func close() throws {
        let bench = try Bench()
        let socket = try bench.connect()
        bench.send("GET /version HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", on: socket)
        #expect(bench.received(on: socket).hasPrefix("HTTP/1.1 200 "))
        #expect(bench.clientEvents().contains(.peerClosed(socket)))
        bench.client.close(socket, now: bench.now)
        bench.pass(.milliseconds(100))
        #expect(bench.openConnectionCount == 0)
    }

    @Test("a client that resets is forgotten", arguments: ["", "GET /vers", "POST /tokenize HTTP/1.1\r\nHost: x\r\n"])
    func reset(sent: String) throws {
        let bench = try Bench()
        let socket = try bench.connect()
        if !sent.isEmpty { bench.send(sent, on: socket) }
        #expect(bench.openConnectionCount == 1)
        bench.client.abort(socket)
        bench.settle()
        #expect(bench.openConnectionCount == 0)
    }

    @Test("an idle connection is closed by the server's time-out")
    func idle() throws {
        let bench = try Bench()
        let socket = try bench.connect()
        bench.send("GET /version HTTP/1.1\r\nHost: x\r\n\r\n", on: socket)
        _ = bench.received(on: socket)
        bench.pass(.seconds(120))
        #expect(bench.clientEvents().contains(.peerClosed(socket)))
    }

    @Test("without the key there is no answer but 401, with it there is")
    func keys() throws {
        let bench = try Bench(keys: ["sk-1"])
        let socket = try bench.connect()
        bench.send("GET /v1/models HTTP/1.1\r\nHost: x\r\n\r\n", on: socket)
        #expect(bench.received(on: socket).hasPrefix("HTTP/1.1 401 "))
        let next = try bench.connect()
        bench.send("GET /metrics HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer sk-1\r\n\r\n", on: next)
        #expect(bench.received(on: next).hasPrefix("HTTP/1.1 200 "))
    }

    @Test("a body larger than every buffer on the way arrives whole")
    func largeBody() throws {
        let bench = try Bench()
        let socket = try bench.connect()
        let text = [UInt8](repeating: UInt8(ascii: "a"), count: 1 << 20)
        let body = [UInt8](#"{"content":""#.utf8) + text + [UInt8](#""}"#.utf8)
        bench.send("POST /tokenize HTTP/1.1\r\nHost: x\r\nContent-Length: \(body.count)\r\n\r\n", on: socket)
        var rest = body[...]
        for _ in 0..<10_000 where !rest.isEmpty {
            rest = rest.dropFirst(bench.client.write(socket, rest.span.bytes))
            bench.settle()
        }
        #expect(rest.isEmpty)
        #expect(bench.received(on: socket).hasPrefix("HTTP/1.1 503 "), "read whole, and refused for want of a model")
    }

    @Test("draining closes what idles and ends when the last byte is acknowledged")
    func drain() throws {
        let bench = try Bench()
        let socket = try bench.connect()
        bench.send("GET /version HTTP/1.1\r\nHost: x\r\n\r\n", on: socket)
        bench.node.beginDrain(now: bench.now)
        bench.settle()
        #expect(bench.isDrained)
        #expect(bench.clientEvents().contains(.peerClosed(socket)))
    }
}
