import TestSupport
import Testing

@testable import GuestInterface

@Suite("Messages on the console")
struct ConsoleProtocolTests {
    private static let messages: [GuestMessage] =
        ([.ready, .resumed(microseconds: 900, coreCount: 2), .suspending, .poweringOff]
        + GuestMessage.Refusal.allCases.map { .refused($0) }).flatMap { (content: GuestMessage.Content) in
            [0, 35_123, .max].map { GuestMessage(content, microseconds: $0) }
        }

    @Test("a message is read as it was written", arguments: messages)
    func roundTrip(message: GuestMessage) {
        let frame = message.encode()
        #expect(frame.first == ConsoleFrame.start && frame.last == ConsoleFrame.end)
        let content = Array(frame.dropFirst().dropLast())
        #expect(content.count <= ConsoleFrame.byteCountMax)
        #expect(content.allSatisfy { (0x20...0x7e).contains($0) })
        #expect(GuestMessage(frame: content) == message)
    }

    @Test("the announcement of readiness is short: on a serial port each byte may cost an exit")
    func brevity() {
        #expect(GuestMessage(.ready, microseconds: 35_123).encode() == Array("\u{1e}ready us=35123\n".utf8))
    }

    @Test("fields that are not known are left alone")
    func unknownFields() {
        #expect(
            GuestMessage(frame: Array("ready new=1 us=5".utf8)) == GuestMessage(.ready, microseconds: 5))
    }

    @Test(
        "what is no message is none",
        arguments: [
            "", " ", "ready", "ready us=", "ready us=-1", "ready us=1 us=1", "ready  us=x", "Ready us=1", "readyus=1",
            "us=1", "refused us=1", "refused us=1 reason=", "refused us=1 reason=mood", "resumed us=1 took-us=2",
            "resumed us=1 took-us=2 cores=x", "ready us=18446744073709551616", "ready us=1\t",
            "ready us=1 " + String(repeating: "x", count: 128),
        ])
    func malformed(text: String) {
        #expect(GuestMessage(frame: Array(text.utf8)) == nil)
    }

    @Test("no bytes at all do harm")
    func anyBytes() {
        var numbers = SplitMix64(seed: 30)
        for message in Self.messages {
            for _ in 0..<50 {
                var frame = message.encode()
                frame[Int.random(in: 0..<frame.count, using: &numbers)] = .random(in: 0 ... .max, using: &numbers)
                _ = GuestMessage(frame: frame)
            }
        }
    }
}

@Suite("Requests on the console")
struct HostRequestTests {
    private func outcomes(_ bytes: [UInt8]) -> [HostRequestReader.Outcome] {
        var reader = HostRequestReader()
        return bytes.compactMap { reader.take($0) }
    }

    @Test("a request is read as it was written, after whatever was typed before", arguments: HostRequest.allCases)
    func roundTrip(request: HostRequest) {
        #expect(outcomes(request.encode()) == [.request(request)])
        #expect(outcomes(Array("powero".utf8) + request.encode()) == [.request(request)])
    }

    @Test("an owner types the bare word")
    func typed() {
        #expect(outcomes(Array("poweroff\r\nsnapshot\n".utf8)) == [.request(.powerOff), .request(.snapshot)])
        #expect(HostRequest.powerOff.encode() == Array("\u{1e}poweroff\n".utf8))
    }

    @Test("other lines are unknown, empty ones nothing")
    func unknown() {
        #expect(outcomes(Array("\n\r\nhelp\n poweroff\npoweroffx\n".utf8)) == [.unknown, .unknown, .unknown])
    }

    @Test("a line without an end is kept no longer than a request can be")
    func endless() {
        var reader = HostRequestReader()
        for _ in 0..<100_000 { #expect(reader.take(UInt8(ascii: "x")) == nil) }
        #expect(reader.take(UInt8(ascii: "\n")) == .unknown)
        #expect(outcomes(HostRequest.snapshot.encode()) == [.request(.snapshot)])
    }
}

@Suite("How a record of the log begins")
struct LogPrefixTests {
    private func text(_ prefix: LogPrefix) -> String {
        var bytes: [UInt8] = []
        prefix.write { bytes.append($0) }
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test("time and level stand in fixed columns")
    func columns() {
        #expect(text(LogPrefix(level: .warning, microseconds: 12_034_567)) == "[   12.034567] warn  ")
        #expect(text(LogPrefix(level: .debug, microseconds: 0)) == "[    0.000000] debug ")
    }

    @Test("a prefix is read as it was written", arguments: LogLevel.allCases)
    func roundTrip(level: LogLevel) {
        for microseconds: UInt64 in [0, 1, 999_999, 1_000_000, 99_999_999_999, 123_456_789_012] {
            let prefix = LogPrefix(level: level, microseconds: microseconds)
            #expect(LogPrefix(of: Array((text(prefix) + "text").utf8)) == prefix)
        }
    }

    @Test(
        "a line that begins otherwise is no record",
        arguments: ["", "[", "[1.5]", "[1.5] loud x", "info x", "[x.y] info", "[1] info", "[0.9999999] info a"])
    func others(line: String) {
        #expect(LogPrefix(of: Array(line.utf8)) == nil)
    }
}
