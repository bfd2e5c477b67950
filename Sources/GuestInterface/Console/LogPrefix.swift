/// How a record of the kernel's log begins: `[seconds.micros] level `, in fixed columns.
package struct LogPrefix: Equatable, Sendable {
    package let level: LogLevel
    /// The kernel's clock.
    package let microseconds: UInt64

    private static var secondsWidth: Int { 5 }
    private static var microsecondsWidth: Int { 6 }
    private static var levelWidth: Int { 6 }
    private static var microsecondsPerSecond: UInt64 { 1_000_000 }
    /// A clock that shows more was never set.
    private static var secondsMax: UInt64 { 1 << 30 }

    package init(level: LogLevel, microseconds: UInt64) {
        self.level = level
        self.microseconds = microseconds
    }

    /// Hands over the prefix byte by byte: it is written where nothing can be allocated.
    package func write(_ put: (UInt8) -> Void) {
        Self.write(microseconds: microseconds, put)
        for index in 0..<level.name.utf8CodeUnitCount { put(level.name.utf8Start[index]) }
        for _ in level.name.utf8CodeUnitCount..<Self.levelWidth { put(UInt8(ascii: " ")) }
    }

    /// The time alone, and the space behind it.
    package static func write(microseconds: UInt64, _ put: (UInt8) -> Void) {
        put(UInt8(ascii: "["))
        let seconds = microseconds / microsecondsPerSecond
        writeDecimal(seconds, width: secondsWidth, padding: UInt8(ascii: " "), put)
        put(UInt8(ascii: "."))
        let rest = microseconds % microsecondsPerSecond
        writeDecimal(rest, width: microsecondsWidth, padding: UInt8(ascii: "0"), put)
        put(UInt8(ascii: "]"))
        put(UInt8(ascii: " "))
    }

    private static func writeDecimal(_ value: UInt64, width: Int, padding: UInt8, _ put: (UInt8) -> Void) {
        var digitCount = 1
        var power: UInt64 = 1
        while value / power >= 10 {
            power *= 10
            digitCount += 1
        }
        for _ in 0..<max(width - digitCount, 0) { put(padding) }
        while power > 0 {
            put(UInt8(ascii: "0") + UInt8(value / power % 10))
            power /= 10
        }
    }

    /// Nil for a line that does not begin as a record does. `line` is without its end.
    package init?(of line: [UInt8]) {
        guard line.first == UInt8(ascii: "["), let close = line.firstIndex(of: UInt8(ascii: "]")),
            let microseconds = Self.microseconds(line[1..<close])
        else { return nil }
        let rest = line[(close + 1)...].drop { $0 == UInt8(ascii: " ") }
        guard let level = LogLevel(name: Array(rest.prefix { $0 != UInt8(ascii: " ") })) else { return nil }
        self.init(level: level, microseconds: microseconds)
    }

    private static func microseconds(_ text: ArraySlice<UInt8>) -> UInt64? {
        let parts = text.drop { $0 == UInt8(ascii: " ") }
            .split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 2, let seconds = UInt64(decimal: Array(parts[0])), seconds < secondsMax,
            parts[1].count <= microsecondsWidth, let rest = UInt64(decimal: Array(parts[1]))
        else { return nil }
        let missingDigits = microsecondsWidth - parts[1].count
        return seconds * microsecondsPerSecond + (0..<missingDigits).reduce(rest) { scaled, _ in scaled * 10 }
    }
}
