/// The kernel variants, from the definition in plain Swift to the fastest.
public enum InstructionSet: Int, CaseIterable, Comparable, Sendable {
    /// Scalar Swift: the definition that the others are tested against.
    case portable
    /// AVX2, FMA and F16C.
    case avx2
    /// AVX-512 with VNNI; what it has no kernel of its own for runs the AVX2 one.
    case avx512

    /// For logs and reports.
    public var name: String {
        switch self {
        case .portable: "portable"
        case .avx2: "AVX2"
        case .avx512: "AVX-512 VNNI"
        }
    }

    public static func < (left: InstructionSet, right: InstructionSet) -> Bool {
        left.rawValue < right.rawValue
    }

    /// Whether a processor with `features` can run this variant.
    public func isSupported(by features: CPUFeatures) -> Bool {
        switch self {
        case .portable: true
        case .avx2: features.hasAVX2
        case .avx512: features.hasAVX512VNNI
        }
    }

    /// The fastest variant that a processor with `features` can run.
    public static func fastest(on features: CPUFeatures) -> InstructionSet {
        if InstructionSet.avx512.isSupported(by: features) { return .avx512 }
        return InstructionSet.avx2.isSupported(by: features) ? .avx2 : .portable
    }
}
