import Boot
import GuestInterface
import KernelCore

/// Where the stub lands after a CPU exception: prints what happened, the registers and a backtrace, and ends the VM.
///
/// SAFETY: the trap's entry code passes the frame that it has pushed.
@_cdecl("kernel_fault")
public func reportFault(_ frame: UnsafePointer<boot_fault_frame>) -> Never {
    let registers = frame.pointee
    Machine.log.write(.error) { line in
        line.append("fault: ")
        line.append(Exception.name(vector: registers.vector))
        if registers.vector == Exception.pageFault {
            line.append(Exception.access(errorCode: registers.error_code))
            line.append(hexadecimal: registers.cr2)
            line.append(Exception.place(address: registers.cr2))
        }
        line.append(", error code ")
        line.append(decimal: registers.error_code)
        line.append(", ring ")
        line.append(decimal: registers.cs & 3)
    }
    writeRegisters(registers)
    Backtrace.write(framePointer: registers.rbp, from: registers.rip)
    Power.off(.failure)
}

private func writeRegisters(_ r: boot_fault_frame) {
    writeRegisterLine("rip", r.rip, "rsp", r.rsp, "rbp", r.rbp, "rfl", r.rflags)
    writeRegisterLine("rax", r.rax, "rbx", r.rbx, "rcx", r.rcx, "rdx", r.rdx)
    writeRegisterLine("rsi", r.rsi, "rdi", r.rdi, "r8 ", r.r8, "r9 ", r.r9)
    writeRegisterLine("r10", r.r10, "r11", r.r11, "r12", r.r12, "r13", r.r13)
    writeRegisterLine("r14", r.r14, "r15", r.r15, "cr2", r.cr2, "cs ", r.cs)
}

private func writeRegisterLine(
    _ name0: StaticString, _ value0: UInt64, _ name1: StaticString, _ value1: UInt64,
    _ name2: StaticString, _ value2: UInt64, _ name3: StaticString, _ value3: UInt64
) {
    Machine.log.write(.error) { line in
        for (name, value) in [(name0, value0), (name1, value1), (name2, value2), (name3, value3)] {
            line.append("  ")
            line.append(name)
            line.append(" ")
            line.append(hexadecimal: value)
        }
    }
}

/// Names of CPU exceptions (SDM vol. 3, table 6-1) and of what a page fault's error code says (4.7).
private enum Exception {
    static var pageFault: UInt64 { 14 }

    static func name(vector: UInt64) -> StaticString {
        switch vector {
        case 0: "division error"
        case 1: "debug exception"
        case 2: "non-maskable interrupt"
        case 3: "breakpoint"
        case 6: "invalid opcode (a Swift runtime check that failed ends here)"
        case 7: "device not available"
        case 8: "double fault"
        case 10: "invalid TSS"
        case 11: "segment not present"
        case 12: "stack-segment fault"
        case 13: "general protection"
        case 14: "page fault"
        case 16: "x87 floating-point error"
        case 17: "alignment check"
        case 18: "machine check"
        case 19: "SIMD floating-point error"
        default: "exception"
        }
    }

    static func access(errorCode: UInt64) -> StaticString {
        if errorCode & 1 << 4 != 0 { return " executing at " }
        return errorCode & 1 << 1 != 0 ? " writing to " : " reading from "
    }

    static func place(address: UInt64) -> StaticString {
        let image = boot_image()
        func isIn(_ page: UInt64) -> Bool { address >= page && address - page < Limits.pageBytes }
        if isIn(0) { return " (the null page)" }
        if isIn(image.boot_stack_guard) { return " (stack overflow)" }
        if isIn(image.fault_stack_guard) { return " (stack overflow while reporting a fault)" }
        return ""
    }
}
