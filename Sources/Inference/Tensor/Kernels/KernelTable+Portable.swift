import CIntrinsics

extension KernelTable {
    /// Scalar Swift: the definition that the others are tested against.
    static let portable = KernelTable(
        dot: Portable.dot,
        widenBinary16: Portable.widenBinary16,
        narrowToBinary16: Portable.narrowToBinary16,
        normalizeRow: Portable.normalizeRow,
        add: Portable.add,
        gate: Portable.gate,
        quantizeRow: Portable.quantizeRow,
        interleavePanel: Portable.interleavePanel,
        multiplyDecodedPanel: Portable.multiplyDecodedPanel,
        attendPageBySixteens: Portable.attendPage,
        attendPageByEights: Portable.attendPage,
        attendPage: Portable.attendPage,
        q4_0: FormatKernels(Portable.decodeQ4_0, Portable.decodePanelQ4_0, nil),
        q4_1: FormatKernels(Portable.decodeQ4_1, Portable.decodePanelQ4_1, nil),
        q5_0: FormatKernels(Portable.decodeQ5_0, Portable.decodePanelQ5_0, nil),
        q5_1: FormatKernels(Portable.decodeQ5_1, Portable.decodePanelQ5_1, nil),
        q8_0: FormatKernels(Portable.decodeQ8_0, Portable.decodePanelQ8_0, nil),
        q4_K: FormatKernels(Portable.decodeQ4_K, Portable.decodePanelQ4_K, nil),
        q5_K: FormatKernels(Portable.decodeQ5_K, Portable.decodePanelQ5_K, nil),
        q6_K: FormatKernels(Portable.decodeQ6_K, Portable.decodePanelQ6_K, nil))
}
