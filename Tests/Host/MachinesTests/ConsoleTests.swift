import GuestInterface
import Testing

@testable import Machines

@Suite("The kernel's console on the host")
struct ConsoleTests {
    @Test("lines are put together from whatever pieces arrive")
    func pieces() {
        var splitter = ConsoleLineSplitter()
        #expect(splitter.receive(Array("[ 0.1] info  net: u".utf8)).isEmpty)
        let lines = splitter.receive(Array("p\r\nsecond\nthi".utf8))
        #expect(lines.map(\.text) == ["[ 0.1] info  net: up", "second"])
        #expect(splitter.finish()?.text == "thi")
        #expect(splitter.finish() == nil)
    }

    @Test("control characters do not reach the terminal")
    func controls() {
        var splitter = ConsoleLineSplitter()
        #expect(splitter.receive(Array("a\u{1b}[2Jb\u{7f}c\td\n".utf8)).map(\.text) == ["a[2Jbc\td"])
    }

    @Test("a line without end is cut instead of growing")
    func endless() {
        var splitter = ConsoleLineSplitter()
        let lines = splitter.receive([UInt8](repeating: UInt8(ascii: "x"), count: 3 * ConsoleLineSplitter.byteCountMax))
        #expect(lines.count == 2)
        #expect(lines.allSatisfy { $0.text.utf8.count == ConsoleLineSplitter.byteCountMax })
    }

    @Test(
        "a record's level is the word behind the time",
        arguments: [
            ("[    0.000100] info boot: hello", LogLevel.info), ("[1.5] warn net: late", .warning),
            ("[1.5] error blk: gone", .error), ("[1.5] debug x", .debug), ("[1.5]", nil), ("warn", nil), ("", nil),
        ])
    func levels(text: String, level: LogLevel?) {
        #expect(ConsoleLine(text).level == level)
    }

    @Test("a message is no line of the log, and is shown like one")
    func messages() {
        var splitter = ConsoleLineSplitter()
        let message = GuestMessage(.ready, microseconds: 35_123)
        var lines = splitter.receive(Array("no end".utf8) + message.encode())
        lines += splitter.receive(GuestMessage(.refused(.modelNotReady), microseconds: 1).encode())
        #expect(lines.map(\.message) == [nil, message, GuestMessage(.refused(.modelNotReady), microseconds: 1)])
        #expect(lines.map(\.level) == [nil, nil, .warning])
        #expect(
            lines.map(\.text) == [
                "no end", "[    0.035123] event ready, 35 ms after the kernel's entry",
                "[    0.000001] warn  snapshot: refused, the model is not ready",
            ])
    }

    @Test("only a frame is a message: no words of the log, and no frame without start, end or meaning")
    func noMessages() {
        var splitter = ConsoleLineSplitter()
        let texts = ["[    0.100000] info  ready, 100 ms", "ready us=1", "\u{1e}steady us=1", "\u{1e}ready us=1 us=2"]
        for text in texts {
            #expect(splitter.receive(Array("\(text)\n".utf8)).map(\.message) == [nil])
        }
        #expect(splitter.receive(Array("\u{1e}ready us=1".utf8)).isEmpty)
        #expect(splitter.finish()?.message == nil)
    }

    @Test("a person sees warnings and errors, or everything")
    func filter() {
        let console = [
            "[0.1] info  hello", "[0.1] warn  odd", "some firmware", "[0.2] error panic: out of memory",
        ]
        func shown(everything: Bool) -> [String] {
            console.filter { ConsoleFilter(showsEverything: everything).shows(ConsoleLine($0)) }
        }
        #expect(shown(everything: false) == [console[1], console[3]])
        #expect(shown(everything: true) == console)
    }
}
