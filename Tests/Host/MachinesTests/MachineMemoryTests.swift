import Testing

@testable import Machines

@Suite("Memory of a machine")
struct MachineMemoryTests {
    @Test("what fits below the registers is all there is; more lies above 4 GiB in one piece")
    func divided() {
        #expect(MachineConfiguration.memoryMiB(toHold: 892) == 892)
        #expect(MachineConfiguration.memoryMiB(toHold: 2_816) == 2_816)
        #expect(MachineConfiguration.memoryMiB(toHold: 2_817) == 3_072 + 2_817)
    }
}
