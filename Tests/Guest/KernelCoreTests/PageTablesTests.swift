import KernelCore
import Testing

/// Gives host memory as table pages. Its addresses serve as physical ones: identity mapping needs nothing else.
private final class TablePages {
    private var pages: [UnsafeMutablePointer<UInt64>] = []
    let limit: Int

    init(limit: Int = .max) { self.limit = limit }

    var count: Int { pages.count }

    func take() -> UnsafeMutablePointer<UInt64>? {
        guard pages.count < limit else { return nil }
        let page = UnsafeMutableRawPointer.allocate(byteCount: 4_096, alignment: 4_096)
            .bindMemory(to: UInt64.self, capacity: 512)
        page.initialize(repeating: 0, count: 512)
        pages.append(page)
        return page
    }

    deinit { for page in pages { UnsafeMutableRawPointer(page).deallocate() } }
}

@Suite("Page tables")
struct PageTablesTests {
    private let mebibyte: UInt64 = 1 << 20

    @Test("large ranges take large pages, and every address in them has the rights asked for")
    func largePages() throws {
        let source = TablePages()
        let tables = try PageTables(pageSource: source.take)
        try tables.map(PhysicalRange(start: 0, end: 1_024 * mebibyte), [.write, .user])
        #expect(source.count == 3, "a root, a directory of pointers and one directory")
        #expect(tables.permissions(at: 0) == [.write, .user])
        #expect(tables.permissions(at: 1_024 * mebibyte - 1) == [.write, .user])
        #expect(tables.permissions(at: 1_024 * mebibyte) == nil)
    }

    @Test("a later mapping inside a large page changes its own pages only")
    func splitting() throws {
        let source = TablePages()
        let tables = try PageTables(pageSource: source.take)
        try tables.map(PhysicalRange(start: 0, end: 4 * mebibyte), [.write, .user])
        try tables.map(PhysicalRange(start: 0x20_1000, end: 0x20_3000), [.execute])
        #expect(tables.permissions(at: 0x20_0fff) == [.write, .user])
        #expect(tables.permissions(at: 0x20_1000) == [.execute])
        #expect(tables.permissions(at: 0x20_2fff) == [.execute])
        #expect(tables.permissions(at: 0x20_3000) == [.write, .user])
        try tables.unmap(PhysicalRange(start: 0, end: 1))
        #expect(tables.permissions(at: 0) == nil)
        #expect(tables.permissions(at: 4_096) == [.write, .user])
    }

    @Test("no page can be writable and executable")
    func writeXorExecute() throws {
        let source = TablePages()
        let tables = try PageTables(pageSource: source.take)
        #expect(throws: PageTables.MapError.writableAndExecutable) {
            try tables.map(PhysicalRange(start: 0, end: 1), [.write, .execute])
        }
    }

    @Test("registers are mapped uncached")
    func devices() throws {
        let source = TablePages()
        let tables = try PageTables(pageSource: source.take)
        try tables.map(PhysicalRange(start: 0xfee0_0000, end: 0xfee0_0200), [.write, .user, .uncached])
        #expect(tables.permissions(at: 0xfee0_0fff) == [.write, .user, .uncached])
    }

    @Test("running out of table pages and addresses too high are errors")
    func errors() throws {
        let source = TablePages(limit: 2)
        let tables = try PageTables(pageSource: source.take)
        #expect(throws: PageTables.MapError.outOfPages) { try tables.map(PhysicalRange(start: 0, end: 1), [.user]) }
        #expect(throws: PageTables.MapError.addressTooHigh) {
            try tables.map(PhysicalRange(start: 1 << 47, end: 1 << 47 + 1), [.user])
        }
    }
}
