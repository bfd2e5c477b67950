import Boot
import GuestInterface
import KernelCore

/// The machine's one address space: RAM one to one, the image's parts each with just the rights they need (no page is
/// writable and executable), device registers uncached. Page 0 and the stack guards are not mapped.
enum AddressSpace {
    /// Builds the tables at ring 3's full speed and has the stub load them.
    ///
    /// - Parameters:
    ///   - ram: all RAM, the image's included.
    ///   - devices: register ranges to map uncached.
    /// - Returns: the tables' root, for the other cores.
    static func enter(ram: MemoryMap, devices: [PhysicalRange]) throws(PageTables.MapError) -> UInt64 {
        let pages = TablePages()
        let tables = try PageTables { pages.take() }
        for range in ram.usable {
            try tables.map(range, [.write, .user])
        }
        let image = boot_image()
        try tables.map(PhysicalRange(start: image.stub_text_start, end: image.stub_text_end), [.execute])
        try tables.map(PhysicalRange(start: image.stub_text_end, end: image.stub_data_end), [.write])
        try tables.map(PhysicalRange(start: image.text_start, end: image.text_end), [.execute, .user])
        try tables.map(PhysicalRange(start: image.rodata_start, end: image.rodata_end), [.user])
        boot_place_trampoline()
        let trampoline = LowMemory.trampoline
        try tables.map(PhysicalRange(start: trampoline, end: trampoline + Limits.pageBytes), [.execute])
        for range in devices {
            try tables.map(range, [.write, .user, .uncached])
        }
        for guardPage in [0, image.boot_stack_guard, image.fault_stack_guard] {
            try tables.unmap(PhysicalRange(start: guardPage, end: guardPage + Limits.pageBytes))
        }
        boot_load_page_tables(tables.rootAddress)
        Machine.pageTables = tables
        Machine.ram = ram
        return tables.rootAddress
    }

    /// Maps memory that a device has announced, for reading. The running cores see it at once: a translation that was
    /// not there is not cached (SDM vol. 3, 4.10.2.3).
    ///
    /// False when the range is not all above the RAM, out of reach, or there is no memory for its tables.
    static func mapReadOnly(_ range: PhysicalRange) -> Bool {
        guard let tables = Machine.pageTables, range.start >= max(Machine.ram.end, devicesEnd) else { return false }
        do throws(PageTables.MapError) {
            try tables.map(range, [.user])
            return true
        } catch {
            return false
        }
    }

    /// Registers and firmware are below.
    private static var devicesEnd: UInt64 { 4 << 30 }
}

/// Pages for page tables, side by side: a host that shadows them maps all memory around one in small pages, so that
/// they are kept away from memory that is used much.
private final class TablePages {
    private var next: UnsafeMutableRawPointer?
    private var freeCount = 0

    /// As many as map the machine and 8 GiB of a file; beyond that they are taken one by one.
    private static var count: Int { 32 }

    init() {
        next = KernelHeap.allocatePages(byteCount: Self.count * Int(Limits.pageBytes))
        if next != nil { freeCount = Self.count }
    }

    /// A page of zeros; nil when there is no memory.
    func take() -> UnsafeMutablePointer<UInt64>? {
        let page: UnsafeMutableRawPointer?
        if freeCount > 0 {
            page = next
            next = next.map { $0 + Int(Limits.pageBytes) }
            freeCount -= 1
        } else {
            page = KernelHeap.allocatePages(byteCount: Int(Limits.pageBytes))
        }
        // SAFETY: a page has room for 512 entries, and is nothing else from now on.
        guard let entries = page?.bindMemory(to: UInt64.self, capacity: 512) else { return nil }
        entries.initialize(repeating: 0, count: 512)
        return entries
    }
}
