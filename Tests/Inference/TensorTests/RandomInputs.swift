import TestSupport
import Tensor

extension SplitMix64 {
    mutating func float(in range: ClosedRange<Float>) -> Float {
        Float.random(in: range, using: &self)
    }
}

/// The variants that this machine can run.
let supportedInstructionSets = InstructionSet.allCases.filter { $0.isSupported(by: CPUFeatures.ofThisProcessor()) }
