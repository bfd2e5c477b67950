import Boot
import KernelCore
import MonotonicTime

/// Starts the cores besides the first and parks them, halted, with their vector state enabled: compute lanes in
/// waiting. They run no Swift tasks and never allocate.
enum Cores {
    private static var ring0StackBytes: Int { 16 << 10 }
    private static var ring3StackBytes: Int { 256 << 10 }
    private static var startTimeout: Interval { .milliseconds(100) }

    /// Starts cores `1..<count`, one after the other.
    ///
    /// - Returns: how many run, the first included; fewer than `count` when the VM has fewer or one did not answer.
    static func start(count: Int, pageTableRoot: UInt64) -> Int {
        var running = 1
        while running < count, start(index: running, pageTableRoot: pageTableRoot) {
            running += 1
        }
        return running
    }

    private static func start(index: Int, pageTableRoot: UInt64) -> Bool {
        guard let tables = KernelHeap.allocatePages(byteCount: Int(boot_tss_bytes) + Int(boot_gdt_bytes) + 64),
            let stacks = KernelHeap.allocatePages(byteCount: ring0StackBytes + ring3StackBytes)
        else { return false }
        let gdt = tables + (Int(boot_tss_bytes) + 15) / 16 * 16
        tables.initializeMemory(as: UInt8.self, repeating: 0, count: Int(boot_tss_bytes))
        let ring0Top = UInt64(UInt(bitPattern: stacks)) + UInt64(ring0StackBytes)
        boot_make_core_tables(gdt, tables, ring0Top)
        let parameters = boot_core_parameters()!
        parameters.pointee.page_table_root = pageTableRoot
        parameters.pointee.gdt_limit = UInt16(boot_gdt_bytes - 1)
        parameters.pointee.gdt_base = UInt64(UInt(bitPattern: gdt))
        parameters.pointee.ring0_stack_top = ring0Top
        // The thread area ends the stack's block; stacks grow down from there, 16-byte aligned.
        let ring3Top = ring0Top + UInt64(ring3StackBytes) - 64
        parameters.pointee.ring3_stack_top = ring3Top
        parameters.pointee.thread_area = ring3Top
        parameters.pointee.core_index = UInt64(index)
        LocalAPIC.startCore(identifier: UInt32(index), page: UInt32(boot_trampoline_address) >> 12)
        return waitForStart(of: index)
    }

    private static func waitForStart(of index: Int) -> Bool {
        let deadline = MachineClock.now + startTimeout
        while boot_started_cores() < UInt32(index) {
            guard MachineClock.now < deadline else { return false }
            boot_pause()
        }
        return true
    }
}

/// A started core's first Swift code, on its own stack in ring 3.
@_cdecl("core_main")
public func coreMain(index: UInt64) -> Never {
    LocalAPIC.enable()
    boot_count_started_core()
    while true {
        boot_park()
    }
}
