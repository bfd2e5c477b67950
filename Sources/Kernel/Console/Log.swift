import KernelCore
import MonotonicTime

/// The console log: time-stamped, levelled lines on the serial port. It allocates nothing, so that it works while
/// memory is short and before there is any.
struct Log {
    var level: LogLevel = .info

    func write(_ level: LogLevel, _ body: (inout LogLine) -> Void) {
        guard level <= self.level else { return }
        var line = LogLine(level: level, time: MachineClock.now)
        body(&line)
        line.finish()
        SerialPort.write(line.bytes)
    }

    func write(_ level: LogLevel, _ text: StaticString) { write(level) { $0.append(text) } }
    func write(_ level: LogLevel, _ text: String) { write(level) { $0.append(text) } }

    func error(_ text: String) { write(.error, text) }
    func warning(_ text: String) { write(.warning, text) }
    func info(_ text: String) { write(.info, text) }
    func debug(_ text: String) { write(.debug, text) }
}
