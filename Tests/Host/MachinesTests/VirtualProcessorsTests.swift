@testable import Machines
import Testing

@Suite("Virtual processors")
struct VirtualProcessorsTests {
    @Test(
        "are known by their threads' names",
        arguments: [
            ("CPU 0/KVM", 0), ("CPU 12/TCG", 12), ("CPU x/KVM", nil), ("CPU 1", nil), ("qemu-system-x86", nil),
            ("", nil),
        ])
    func names(name: String, index: Int?) {
        #expect(VirtualProcessors.index(ofThreadNamed: name) == index)
    }
}
