import Testing

@testable import ModelFiles

@Suite("Memory of the host")
struct HostMemoryTests {
    @Test("the machine tells how much memory it has left")
    func memory() throws {
        #expect(try #require(HostMemory.availableMiB()) > 0)
    }
}
