import LaneThreads
import Testing

@Suite("Processors of the host")
struct HostProcessorsTests {
    @Test("there is at least one to run on")
    func allowed() {
        let allowed = HostProcessors.allowed()
        #expect(!allowed.isEmpty)
        #expect(allowed == allowed.sorted())
    }
}
