import Boot
import GuestInterface
import KernelCore

/// The end of a run that found a bug of its own: says what and where, and stops the VM with a non-zero exit.
enum Panic {
    static func stop(_ message: StaticString, _ value: UInt64? = nil) -> Never {
        Machine.log.write(.error) { line in
            line.append("panic: ")
            line.append(message)
            if let value {
                line.append(" (")
                line.append(hexadecimal: value)
                line.append(")")
            }
        }
        Backtrace.write(framePointer: boot_frame_pointer())
        Power.off(.failure)
    }
}

/// For the C side of the runtime (runtime.c).
@_cdecl("kernel_panic_c")
public func panicFromC(_ message: UnsafePointer<UInt8>) -> Never {
    Machine.log.write(.error) { line in
        line.append("panic: ")
        var index = 0
        while message[index] != 0, index < LogLine.capacity {
            line.append(byte: message[index])
            index += 1
        }
    }
    Backtrace.write(framePointer: boot_frame_pointer())
    Power.off(.failure)
}
