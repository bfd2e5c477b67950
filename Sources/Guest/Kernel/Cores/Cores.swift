import Boot
import GuestInterface
import KernelCore
import MonotonicTime
import Tensor

/// The cores besides the first, started as lanes of a crew, with their vector state enabled. They run no Swift tasks
/// and never allocate.
struct Cores {
    /// Those that run, with the first core as the leader.
    let crew: LaneCrew
    let pageTableRoot: UInt64
    /// Descriptor tables and stacks of the cores from 1 up.
    private var memories: [Memory] = []

    private struct Memory {
        let tables: UnsafeMutableRawPointer
        let stacks: UnsafeMutableRawPointer
    }

    private static var ring0StackBytes: Int { 16 << 10 }
    private static var ring3StackBytes: Int { 256 << 10 }
    private static var startTimeout: Interval { .milliseconds(100) }
    /// How long a lane without work spins before it halts. Halting and being woken costs some 70 us under PVM, so that
    /// no lane may halt between two passes of a stream.
    private static var spinInterval: Interval { .milliseconds(1) }

    /// Starts cores `1..<count`. The crew is smaller than `count` when the VM has fewer cores or one did not answer.
    init(starting count: Int, pageTableRoot: UInt64) {
        crew = LaneCrew(capacity: count, wake: { lane, _ in LocalAPIC.wakeCore(identifier: UInt32(lane)) })
        self.pageTableRoot = pageTableRoot
        Machine.crew = crew
        Machine.firstTouch = FirstTouch()
        for _ in 1..<max(count, 1) {
            guard let tables = KernelHeap.allocatePages(byteCount: Int(boot_tss_bytes) + Int(boot_gdt_bytes) + 64),
                let stacks = KernelHeap.allocatePages(byteCount: Self.ring0StackBytes + Self.ring3StackBytes)
            else { break }
            memories.append(Memory(tables: tables, stacks: stacks))
        }
        start()
    }

    /// Starts the cores again, on a machine whose cores have run nothing yet. Between phases of the crew.
    ///
    /// - Parameter body: done while the first of them is on its way.
    func restart(meanwhile body: () -> Void) {
        crew.forgetLanes()
        Machine.firstTouch?.beginAgain()
        if !memories.isEmpty { launch(index: 1) }
        body()
        if !memories.isEmpty, isAnswering(index: 1) { start() }
    }

    /// One after the other: a core's number, its APIC's and its lane's are the same.
    private func start() {
        while crew.participantCount <= memories.count {
            let index = crew.participantCount
            launch(index: index)
            guard isAnswering(index: index) else { return }
        }
    }

    private func launch(index: Int) {
        let (tables, stacks) = (memories[index - 1].tables, memories[index - 1].stacks)
        let gdt = tables + (Int(boot_tss_bytes) + 15) / 16 * 16
        tables.initializeMemory(as: UInt8.self, repeating: 0, count: Int(boot_tss_bytes))
        let ring0Top = UInt64(UInt(bitPattern: stacks)) + UInt64(Self.ring0StackBytes)
        boot_make_core_tables(gdt, tables, ring0Top)
        // SAFETY: the page that the core reads at its start; one core starts at a time.
        let parameters = boot_core_parameters()!
        parameters.pointee.page_table_root = pageTableRoot
        parameters.pointee.gdt_limit = UInt16(boot_gdt_bytes - 1)
        parameters.pointee.gdt_base = UInt64(UInt(bitPattern: gdt))
        parameters.pointee.ring0_stack_top = ring0Top
        // The thread area ends the stack's block; stacks grow down from there, 16-byte aligned.
        let ring3Top = ring0Top + UInt64(Self.ring3StackBytes) - 64
        parameters.pointee.ring3_stack_top = ring3Top
        parameters.pointee.thread_area = ring3Top
        parameters.pointee.core_index = UInt64(index)
        LocalAPIC.startCore(identifier: UInt32(index), page: UInt32(LowMemory.trampoline >> 12))
    }

    /// Waits for a core that was launched, within limits.
    private func isAnswering(index: Int) -> Bool {
        let deadline = MachineClock.now + Self.startTimeout
        while crew.participantCount <= index {
            guard MachineClock.now < deadline else { return false }
            boot_pause()
        }
        return true
    }

    /// A lane's life: works when there is work, touches memory that will be needed when there is none, spins for a
    /// while, then halts until it is woken.
    fileprivate static func serve(_ crew: LaneCrew, lane: Int) -> Never {
        var idleSince = MachineClock.now
        while true {
            _ = crew.serve(as: lane) { hasWorked in
                let isUseful = hasWorked || Machine.firstTouch?.touchOne() == true
                let now = MachineClock.now
                if isUseful { idleSince = now }
                return now < idleSince + spinInterval
            }
            crew.rest(as: lane) { word, value in boot_wait(word, value) }
            idleSince = MachineClock.now
        }
    }
}

/// A started core's first Swift code, on its own stack in ring 3.
@_cdecl("core_main")
public func coreMain(index: UInt64) -> Never {
    LocalAPIC.enable()
    guard let crew = Machine.crew, let lane = crew.enlist(), lane == Int(index) else {
        Panic.stop("a core was started that nobody waits for")
    }
    Cores.serve(crew, lane: lane)
}
