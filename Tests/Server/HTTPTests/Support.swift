import MonotonicTime
@testable import HTTP

extension Instant {
    static func seconds(_ count: UInt64) -> Instant { .origin + .seconds(count) }
    static func milliseconds(_ count: UInt64) -> Instant { .origin + .milliseconds(count) }
}

/// What a decoder made of a stream.
struct Decoded: Equatable {
    var events: [HTTPRequestDecoder.Event] = []
    var error: HTTPError?

    var requests: [HTTPRequest] {
        events.compactMap { if case .request(let request) = $0 { request } else { nil } }
    }
}

/// Feeds a stream to a decoder in pieces, whose sizes `nextPieceSize` chooses.
func decode(
    _ stream: [UInt8], limits: HTTPLimits = HTTPLimits(), nextPieceSize: () -> Int = { .max }
) -> Decoded {
    var decoder = HTTPRequestDecoder(limits: limits)
    var decoded = Decoded()
    var start = 0
    while start < stream.count {
        let end = start + min(nextPieceSize(), stream.count - start)
        let piece = Array(stream[start..<end])
        var position = 0
        do throws(HTTPError) {
            while position < piece.count {
                if let event = try decoder.decode(piece.span, from: &position) { decoded.events.append(event) }
            }
        } catch {
            decoded.error = error
            return decoded
        }
        start = end
    }
    return decoded
}

func decode(_ stream: String, limits: HTTPLimits = HTTPLimits(), nextPieceSize: () -> Int = { .max }) -> Decoded {
    decode(Array(stream.utf8), limits: limits, nextPieceSize: nextPieceSize)
}

extension HTTPServerConnection {
    mutating func receive(_ text: String, now: Instant = .origin) {
        receive(Array(text.utf8).span, now: now)
    }

    mutating func nextRequest() -> HTTPRequest? {
        if case .request(let request) = nextEvent() { request } else { nil }
    }

    mutating func nextRefusal() -> HTTPError? {
        if case .refusal(let error) = nextEvent() { error } else { nil }
    }

    mutating func takeText(now: Instant = .origin) -> String {
        String(decoding: takeOutput(now: now), as: UTF8.self)
    }
}
