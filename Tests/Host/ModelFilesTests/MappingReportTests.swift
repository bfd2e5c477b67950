import Testing

@testable import ModelFiles

@Suite("What Linux tells of a mapping is found by the mapping's address")
struct MappingReportTests {
    private static let report = """
        00400000-00401000 r--p 00000000 fd:00 1     /bin/true
        Size:                  4 kB
        Rss:                   4 kB
        7f0000200000-7f0000600000 r--s 00000000 fd:00 2     /models/a b.hxm
        Size:               4096 kB
        FilePmdMapped:      2048 kB
        VmFlags: rd mr me ms hg
        7f0000600000-7f0000601000 rw-p 00000000 00:00 0
        Size:                  4 kB
        FilePmdMapped:         0 kB
        """

    @Test("the fields are those of the mapping, not of its neighbours")
    func fields() throws {
        let mapping = try #require(MappingReport(startingAt: 0x7f00_0020_0000, in: Self.report))
        #expect(mapping.kibibytes(of: "Size") == 4_096)
        #expect(mapping.kibibytes(of: "FilePmdMapped") == 2_048)
        #expect(mapping.kibibytes(of: "Rss") == nil)
        #expect(mapping.kibibytes(of: "VmFlags") == nil)
    }

    @Test("low addresses, which Linux pads with zeros")
    func padded() throws {
        let mapping = try #require(MappingReport(startingAt: 0x40_0000, in: Self.report))
        #expect(mapping.kibibytes(of: "Rss") == 4)
    }

    @Test("an address where no mapping starts", arguments: [0, 0x40_0001, 0x7f00_0060_1000] as [UInt])
    func absent(address: UInt) {
        #expect(MappingReport(startingAt: address, in: Self.report) == nil)
        #expect(MappingReport(startingAt: address, in: "") == nil)
    }
}
