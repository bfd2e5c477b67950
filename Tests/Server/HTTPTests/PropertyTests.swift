import MonotonicTime
import TestSupport
import Testing
@testable import HTTP

@Suite("Properties")
struct PropertyTests {
    /// Streams of requests in every framing, some of them damaged.
    private func stream(using random: inout SplitMix64) -> [UInt8] {
        var stream: [UInt8] = []
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            stream += Array(Self.samples.randomElement(using: &random)!.utf8)
        }
        for _ in 0..<Int.random(in: 0...3, using: &random) { stream.mutate(using: &random) }
        return stream
    }

    private static let samples = [
        ClientGoldens.curlGet, ClientGoldens.curlHead, ClientGoldens.curlPost, ClientGoldens.curlExpectChunked,
        ClientGoldens.curlHTTP1_0, ClientGoldens.openAIStream, ClientGoldens.openAIModels, ClientGoldens.urllibPost,
        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n1\r\n!\r\n0\r\nT: 1\r\n\r\n",
        "\r\nOPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n",
    ]

    @Test("How a stream is cut into pieces makes no difference")
    func pieces() {
        var random = SplitMix64(seed: 11)
        for _ in 0..<400 {
            let stream = stream(using: &random)
            let whole = decode(stream)
            #expect(decode(stream, nextPieceSize: { 1 }) == whole)
            var sizes = SplitMix64(seed: random.next())
            #expect(decode(stream, nextPieceSize: { Int.random(in: 1...40, using: &sizes) }) == whole)
        }
    }

    @Test("Noise never traps the decoder")
    func noise() {
        var random = SplitMix64(seed: 12)
        for _ in 0..<500 {
            let count = Int.random(in: 0...200, using: &random)
            let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
            _ = decode(bytes)
            _ = decode(Array("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n".utf8) + bytes)
        }
    }

    @Test("A connection in the hands of any peer and any owner neither traps nor hoards nor gets stuck")
    func anySchedule() {
        var random = SplitMix64(seed: 13)
        for _ in 0..<400 {
            var limits = HTTPLimits()
            limits.pipelinedBytesMax = 500
            var connection = HTTPServerConnection(limits: limits, now: .origin)
            var input = stream(using: &random)[...]
            var now = Instant.origin
            for _ in 0..<60 {
                now = now + .milliseconds(UInt64.random(in: 0...3_000, using: &random))
                connection.act(at: now, input: &input, using: &random)
                #expect(connection.queue.count <= limits.pipelinedBytesMax)
                #expect(connection.output.count == connection.outputBacklog)
            }
            // Left alone by everyone, with its responses ended and its output sent, it comes to an end by itself.
            for _ in 0..<20 where connection.disposition == .open || connection.disposition == .finishSending {
                if connection.nextEvent() != nil || connection.isResponding { connection.answer(at: now) }
                connection.removeOutput(connection.outputBacklog, now: now)
                if !connection.isResponding, connection.nextDeadline != .distantFuture {
                    now = max(now, connection.nextDeadline)
                    connection.advance(to: now)
                }
            }
            #expect(connection.disposition == .close || connection.disposition == .abort)
        }
    }
}

extension HTTPServerConnection {
    /// One random event of a connection's life.
    fileprivate mutating func act(at now: Instant, input: inout ArraySlice<UInt8>, using random: inout SplitMix64) {
        switch Int.random(in: 0..<12, using: &random) {
        case 0..<4:
            let piece = Array(input.prefix(Int.random(in: 1...300, using: &random)))
            input = input.dropFirst(piece.count)
            receive(piece.span, now: now)
        case 4, 5:
            _ = nextEvent()
        case 6:
            if isResponding { answer(at: now) }
        case 7:
            if case .responding = phase { beginResponse(HTTPResponseHead(.ok), now: now) }
            writeEvent(data: Array("token".utf8).span, now: now)
        case 8:
            endResponse(now: now)
        case 9:
            removeOutput(Int.random(in: 0...200, using: &random), now: now)
        case 10:
            advance(to: now)
        default:
            guard Int.random(in: 0..<20, using: &random) == 0 else { return }
            if Bool.random(using: &random) { peerClosed(now: now) } else { drain() }
        }
    }

    /// Ends the response under way, or gives a whole one.
    fileprivate mutating func answer(at now: Instant) {
        if case .streaming = phase { endResponse(now: now) } else { respond(HTTPResponseHead(.ok), now: now) }
    }
}

extension [UInt8] {
    fileprivate mutating func mutate(using random: inout SplitMix64) {
        guard !isEmpty else { return }
        let index = Int.random(in: indices, using: &random)
        switch Int.random(in: 0..<5, using: &random) {
        case 0: self[index] = UInt8.random(in: 0...255, using: &random)
        case 1: remove(at: index)
        case 2: insert(Array(" \t\r\n:;,0aF".utf8).randomElement(using: &random)!, at: index)
        case 3: insert(contentsOf: Array("\r\n".utf8), at: index)
        default: removeSubrange(index..<Swift.min(index + 8, count))
        }
    }
}
