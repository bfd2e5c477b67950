import GuestInterface
import KernelCore
import MonotonicTime
import Virtio

/// The console log: time-stamped, levelled lines. They go to the virtio console once there is one, which costs one exit
/// a line, and to the serial port before that; errors always go to the serial port, where every VMM listens. Nothing is
/// allocated, so that logging works while memory is short and before there is any.
struct Log {
    var level: LogLevel = .info

    func write(_ level: LogLevel, _ body: (inout LogLine) -> Void) {
        guard level <= self.level else { return }
        var line = LogLine(level: level, time: MachineClock.now)
        body(&line)
        line.finish()
        if level == .error || !Self.writeToConsole(line.bytes) { SerialPort.write(line.bytes) }
    }

    /// Reports something to the program that runs the machine: it takes the place of a line of the log, and does not
    /// depend on the level.
    func report(_ content: GuestMessage.Content) {
        let frame = GuestMessage(content, microseconds: MachineClock.now.nanoseconds / 1_000).encode()
        if !Self.writeToConsole(frame.span) { SerialPort.write(frame.span) }
    }

    /// False when there is no virtio console that takes the whole line.
    private static func writeToConsole(_ bytes: Span<UInt8>) -> Bool {
        guard let console = Machine.console else { return false }
        do throws(DeviceFault) {
            return try console.write(bytes) == bytes.count
        } catch {
            Machine.console = nil
            return false
        }
    }

    func write(_ level: LogLevel, _ text: StaticString) { write(level) { $0.append(text) } }
    func write(_ level: LogLevel, _ text: String) { write(level) { $0.append(text) } }

    func error(_ text: String) { write(.error, text) }
    func warning(_ text: String) { write(.warning, text) }
    func info(_ text: String) { write(.info, text) }
    func debug(_ text: String) { write(.debug, text) }
}
