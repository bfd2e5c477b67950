import CIntrinsics

/// What the processor offers and the operating system has enabled, as far as the kernels care.
///
/// A pure function of raw CPUID and XCR0 values, so that any machine can be described in a test. A set counts only when
/// its register state is enabled in XCR0 too: CPUID alone may describe a host whose vector state this machine never
/// saves (Intel SDM volume 1, 14.3 "Detection of Intel AVX instructions" and 15.2 for AVX-512).
public struct CPUFeatures: Equatable, Sendable {
    /// AVX2, FMA and F16C with YMM state enabled.
    public let hasAVX2: Bool
    /// AVX-512 F, BW, DQ, VL and VNNI with opmask and ZMM state enabled.
    public let hasAVX512VNNI: Bool

    /// The registers that one CPUID leaf answers with.
    public struct Leaf: Equatable, Sendable {
        public var eax: UInt32
        public var ebx: UInt32
        public var ecx: UInt32
        public var edx: UInt32

        public init(eax: UInt32 = 0, ebx: UInt32 = 0, ecx: UInt32 = 0, edx: UInt32 = 0) {
            self.eax = eax
            self.ebx = ebx
            self.ecx = ecx
            self.edx = edx
        }
    }

    /// - Parameters:
    ///   - leaf1: CPUID leaf 1.
    ///   - leaf7: CPUID leaf 7, sub-leaf 0; all zero where leaf 0 says that there is none.
    ///   - xcr0: XCR0 as XGETBV reads it; 0 where leaf 1 lacks OSXSAVE.
    public init(leaf1: Leaf, leaf7: Leaf, xcr0: UInt64) {
        func all(_ bits: [UInt32], in register: UInt32) -> Bool {
            bits.allSatisfy { register & (1 << $0) != 0 }
        }
        let osxsave: UInt32 = 27
        let vectorStateIsSaved = all([osxsave], in: leaf1.ecx) && xcr0 & 0b110 == 0b110
        let maskStateIsSaved = vectorStateIsSaved && xcr0 & 0b1110_0000 == 0b1110_0000

        let (fma, avx, f16c): (UInt32, UInt32, UInt32) = (12, 28, 29)
        let avx2: UInt32 = 5
        hasAVX2 = vectorStateIsSaved && all([fma, avx, f16c], in: leaf1.ecx) && all([avx2], in: leaf7.ebx)

        let (foundation, doubleword, byteAndWord, vectorLength): (UInt32, UInt32, UInt32, UInt32) = (16, 17, 30, 31)
        let vnni: UInt32 = 11
        hasAVX512VNNI =
            hasAVX2 && maskStateIsSaved
            && all([foundation, doubleword, byteAndWord, vectorLength], in: leaf7.ebx)
            && all([vnni], in: leaf7.ecx)
    }

    /// Asks the processor that runs this code. CPUID and XGETBV are unprivileged; under PVM, ring 3 sees the host's
    /// CPUID.
    public static func ofThisProcessor() -> CPUFeatures {
        let highestLeaf = leaf(0).eax
        let leaf1 = leaf(1)
        let hasXGETBV = leaf1.ecx & (1 << 27) != 0
        return CPUFeatures(
            leaf1: leaf1,
            leaf7: highestLeaf >= 7 ? leaf(7) : Leaf(),
            xcr0: hasXGETBV ? extended_control_register_0() : 0)
    }

    private static func leaf(_ number: UInt32) -> Leaf {
        let registers = processor_identification_leaf(number, 0)
        return Leaf(eax: registers.eax, ebx: registers.ebx, ecx: registers.ecx, edx: registers.edx)
    }
}
