import Boot
import GuestInterface

/// The serial port, as every VMM of ours emulates it: output is taken at once, so nothing polls for
/// room; one string instruction a line keeps it at one exit.
enum SerialPort {
    private static var data: UInt16 { SerialLine.firstPort }
    private static var interruptEnable: UInt16 { SerialLine.firstPort + 1 }
    private static var modemControl: UInt16 { SerialLine.firstPort + 4 }
    private static var lineStatus: UInt16 { SerialLine.firstPort + 5 }
    private static var dataReady: UInt8 { 1 << 0 }
    /// OUT2 gates the interrupt line on PC wiring.
    private static var outputsOn: UInt8 { 0x0b }

    static func write(_ bytes: Span<UInt8>) {
        bytes.withUnsafeBufferPointer { buffer in
            boot_out8_string(data, buffer.baseAddress, UInt64(buffer.count))
        }
    }

    /// Asks for an interrupt when a byte arrives.
    static func enableReceiveInterrupt() {
        boot_out8(modemControl, outputsOn)
        boot_out8(interruptEnable, 1)
    }

    static func readByte() -> UInt8? {
        boot_in8(lineStatus) & dataReady != 0 ? boot_in8(data) : nil
    }
}

/// What the Swift runtime prints before it gives up (runtime.c).
///
/// SAFETY: the caller passes `byteCount` readable bytes.
@_cdecl("kernel_console_write")
public func writeConsole(_ bytes: UnsafePointer<UInt8>, _ byteCount: Int) {
    SerialPort.write(UnsafeBufferPointer(start: bytes, count: byteCount).span)
}
