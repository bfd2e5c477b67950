/// The tensor operations, in the variant that suits the processor.
///
/// What an operation computes for a row, a panel or a page is a kernel's work; the operations divide it up. They work
/// in memory that their arguments own; none allocates.
public struct Kernels: Sendable {
    let table: KernelTable

    /// - Precondition: the processor that will run the operations supports `instructionSet`.
    public init(_ instructionSet: InstructionSet) {
        table = KernelTable.table(of: instructionSet)
    }
}
