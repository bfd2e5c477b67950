/// The tensor operations, in the variant that suits the processor.
///
/// The portable variant is the definition. The others must agree with it within rounding, and exactly where the result
/// is made of integers. Operations work in memory that their arguments own; none allocates.
public struct Kernels: Sendable {
    public let instructionSet: InstructionSet

    /// - Precondition: the processor that will run the operations supports `instructionSet`.
    public init(_ instructionSet: InstructionSet) {
        self.instructionSet = instructionSet
    }
}
