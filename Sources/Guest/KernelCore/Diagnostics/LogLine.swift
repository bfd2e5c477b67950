import GuestInterface
import MonotonicTime

/// One line of the console, built in a fixed buffer: logging must work where allocating does not.
public struct LogLine: ~Copyable {
    public static var capacity: Int { 512 }

    private var storage: InlineArray<512, UInt8> = .init(repeating: 0)
    public private(set) var count = 0

    public init() {}

    public var bytes: Span<UInt8> {
        @_lifetime(borrow self)
        get { storage.span.extracting(first: count) }
    }

    /// `[    1.234567] info  ` and nothing else yet.
    public init(level: LogLevel, time: Instant) {
        LogPrefix(level: level, microseconds: time.nanoseconds / 1_000).write { append(byte: $0) }
    }

    /// What does not fit is cut off; the last byte is kept for the newline. Whatever is logged, it stays one line, and
    /// is no message to the host (`ConsoleFrame`).
    public mutating func append(byte: UInt8) {
        guard count < Self.capacity - 1 else { return }
        storage[count] = byte < UInt8(ascii: " ") ? UInt8(ascii: "?") : byte
        count += 1
    }

    public mutating func append(_ text: StaticString) {
        for index in 0..<text.utf8CodeUnitCount { append(byte: text.utf8Start[index]) }
    }

    public mutating func append(_ text: String) {
        for byte in text.utf8 { append(byte: byte) }
    }

    public mutating func append(bytes: UnsafeRawBufferPointer) {
        for byte in bytes { append(byte: byte) }
    }

    public mutating func append(decimal value: UInt64, width: Int = 1, padding: UInt8 = UInt8(ascii: "0")) {
        var digits = InlineArray<20, UInt8>(repeating: padding)
        var rest = value
        var used = 0
        repeat {
            digits[used] = UInt8(ascii: "0") + UInt8(rest % 10)
            rest /= 10
            used += 1
        } while rest != 0
        for index in stride(from: max(used, min(width, 20)) - 1, through: 0, by: -1) { append(byte: digits[index]) }
    }

    /// Sixteen digits after `0x`, or as few as `width`.
    public mutating func append(hexadecimal value: UInt64, width: Int = 16) {
        append("0x")
        for digit in stride(from: width - 1, through: 0, by: -1) {
            let nibble = UInt8(truncatingIfNeeded: value >> (4 * UInt64(digit)) & 15)
            append(byte: nibble < 10 ? UInt8(ascii: "0") + nibble : UInt8(ascii: "a") + nibble - 10)
        }
    }

    /// Ends the line; always fits.
    public mutating func finish() {
        storage[count] = UInt8(ascii: "\n")
        count += 1
    }
}
