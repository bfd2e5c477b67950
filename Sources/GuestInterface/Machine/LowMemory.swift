/// Physical addresses below 1 MiB that host and guest agree on. Page 0 is never mapped by the kernel.
package enum LowMemory {
    // What a booted kernel is handed (Xen public/arch-x86/hvm/start_info.h): the host may put it elsewhere, as long as
    // it is in no other's way.
    package static var startInfo: UInt64 { 0x1000 }
    package static var memoryMap: UInt64 { 0x2000 }
    package static var commandLine: UInt64 { 0x3000 }
    /// What a resumed kernel is handed; in saved memory, the mark of the host that saved it.
    package static var resumeBlock: UInt64 { 0x4000 }
    /// Where the kernel has the other processors start, and what it leaves for them.
    package static var trampoline: UInt64 { 0x8000 }
    package static var trampolineParameters: UInt64 { 0x9000 }
}
