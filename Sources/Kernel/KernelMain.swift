import Boot

@_cdecl("kernel_main")
public func kernelMain(protocolID: UInt32, parameters: UInt64) -> Never {
    let text: StaticString = "hello from ring 3\n"
    boot_out8_string(0x3f8, text.utf8Start, UInt64(text.utf8CodeUnitCount))
    boot_out32(0xf4, 0x10)
    while true {}
}
@_cdecl("kernel_fault") public func f(_ frame: UnsafePointer<boot_fault_frame>) -> Never {
    let text: StaticString = "FAULT\n"
    boot_out8_string(0x3f8, text.utf8Start, UInt64(text.utf8CodeUnitCount))
    boot_out32(0xf4, 0x11)
    while true {}
}
@_cdecl("kernel_panic_c") public func p(_ frame: UnsafePointer<CChar>) -> Never {
    boot_out32(0xf4, 0x11)
    while true {}
}
@_cdecl("puts") public func puts(_ frame: UnsafePointer<CChar>) -> CInt { 0 }
