import GuestInterface
import KernelCore
import MonotonicTime
import Testing

@Suite("Log lines")
struct LogLineTests {
    private func text(_ line: borrowing LogLine) -> String {
        var bytes: [UInt8] = []
        for index in line.bytes.indices { bytes.append(line.bytes[index]) }
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test("time, level and text stand in fixed columns")
    func columns() {
        var line = LogLine(level: .warning, time: Instant(nanoseconds: 12_034_567_890))
        line.append("net: ")
        line.append(decimal: 42)
        line.append(" ")
        line.append(hexadecimal: 0xbeef, width: 4)
        line.finish()
        #expect(text(line) == "[   12.034567] warn  net: 42 0xbeef\n")
    }

    @Test("a line that is too long is cut, and still ends")
    func overflow() {
        var line = LogLine()
        for _ in 0..<2_000 { line.append("x") }
        line.finish()
        #expect(line.count == LogLine.capacity)
        #expect(text(line).hasSuffix("x\n"))
    }

    @Test("whatever is logged stays one line, and is no message to the host")
    func controls() {
        var line = LogLine()
        line.append("a\u{1e}ready us=1\nb\tc")
        line.finish()
        #expect(text(line) == "a?ready us=1?b?c\n")
    }

    @Test("levels are ordered and have the command line's names")
    func levels() {
        #expect(LogLevel.error < .debug)
        #expect(LogLevel(name: Array("warn".utf8)) == .warning)
        #expect(LogLevel(name: Array("warning".utf8)) == nil)
    }
}

@Suite("The symbol table")
struct SymbolTableTests {
    private static func table(magic: String = "HXSY", count: UInt32 = 2) -> [UInt8] {
        func little(_ value: UInt32) -> [UInt8] { withUnsafeBytes(of: value.littleEndian) { Array($0) } }
        let names = 8 + 16
        return Array(magic.utf8) + little(count) + little(0x1000) + little(UInt32(names)) + little(0x2000)
            + little(UInt32(names + 6)) + Array("first\0second\0".utf8)
    }

    private func name(at address: UInt64, in bytes: [UInt8]) -> String? {
        bytes.withUnsafeBytes { buffer in
            SymbolTable(buffer)?.lookUp(address).map { "\(String(decoding: $0.name, as: UTF8.self))+\($0.offset)" }
        }
    }

    @Test("an address belongs to the last function that starts at or before it")
    func lookUp() {
        #expect(name(at: 0xfff, in: Self.table()) == nil)
        #expect(name(at: 0x1000, in: Self.table()) == "first+0")
        #expect(name(at: 0x1fff, in: Self.table()) == "first+4095")
        #expect(name(at: 0x2010, in: Self.table()) == "second+16")
    }

    @Test("a damaged table counts as none")
    func damage() {
        #expect(name(at: 0x1000, in: Self.table(magic: "ABCD")) == nil)
        #expect(name(at: 0x1000, in: Self.table(count: .max)) == nil)
        #expect(name(at: 0x1000, in: Array("HX".utf8)) == nil)
        #expect(name(at: 0x1000, in: Array(Self.table().dropLast(13))) == nil)
    }
}
