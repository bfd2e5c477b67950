import Tensor
import Testing

@Suite("Which kernels a processor may run")
struct CPUFeaturesTests {
    // Bits by the names of the Intel manual: leaf 1 ECX, leaf 7 EBX and ECX.
    private static let leaf1 = CPUFeatures.Leaf(ecx: 1 << 12 | 1 << 27 | 1 << 28 | 1 << 29)
    private static let leaf7 = CPUFeatures.Leaf(ebx: 1 << 5 | 1 << 16 | 1 << 17 | 1 << 30 | 1 << 31, ecx: 1 << 11)
    private static let allState: UInt64 = 0b1110_0111

    @Test("everything present: AVX-512")
    func everything() {
        let features = CPUFeatures(leaf1: Self.leaf1, leaf7: Self.leaf7, xcr0: Self.allState)
        #expect(features.hasAVX2 && features.hasAVX512VNNI)
        #expect(InstructionSet.fastest(on: features) == .avx512)
    }

    @Test("CPUID alone is not enough: the operating system must save the registers")
    func stateNotEnabled() {
        let withoutZMM = CPUFeatures(leaf1: Self.leaf1, leaf7: Self.leaf7, xcr0: 0b111)
        #expect(InstructionSet.fastest(on: withoutZMM) == .avx2)
        let withoutYMM = CPUFeatures(leaf1: Self.leaf1, leaf7: Self.leaf7, xcr0: 0b011)
        #expect(InstructionSet.fastest(on: withoutYMM) == .portable)
        let noXSAVE = CPUFeatures.Leaf(ecx: Self.leaf1.ecx & ~(1 << 27))
        let withoutOSXSAVE = CPUFeatures(leaf1: noXSAVE, leaf7: Self.leaf7, xcr0: Self.allState)
        #expect(InstructionSet.fastest(on: withoutOSXSAVE) == .portable)
    }

    @Test("a missing instruction set takes its variant away, each by itself", arguments: 0..<9)
    func oneMissing(index: Int) {
        let (leaf1Bits, ebxBits): ([UInt32], [UInt32]) = ([12, 28, 29], [5, 16, 17, 30, 31])
        var (leaf1, leaf7) = (Self.leaf1, Self.leaf7)
        switch index {
        case 0..<3: leaf1.ecx &= ~(1 << leaf1Bits[index])
        case 3..<8: leaf7.ebx &= ~(1 << ebxBits[index - 3])
        default: leaf7.ecx = 0
        }
        let features = CPUFeatures(leaf1: leaf1, leaf7: leaf7, xcr0: Self.allState)
        #expect(!features.hasAVX512VNNI)
        #expect(features.hasAVX2 == (index > 3))
    }

    @Test("a processor without leaf 7 runs the portable kernels")
    func old() {
        let features = CPUFeatures(leaf1: .init(), leaf7: .init(), xcr0: 0)
        #expect(InstructionSet.allCases.filter { $0.isSupported(by: features) } == [.portable])
    }
}
