import CIntrinsics
import TensorAVX2

extension KernelTable {
    /// What needs AVX2, FMA and F16C.
    static let avx2 = KernelTable(
        dot: AVX2.dot,
        widenBinary16: AVX2.widenBinary16,
        narrowToBinary16: AVX2.narrowToBinary16,
        normalizeRow: AVX2.normalizeRow,
        add: AVX2.add,
        gate: AVX2.gate,
        quantizeRow: AVX2.quantizeRow,
        interleavePanel: Portable.interleavePanel,
        multiplyDecodedPanel: AVX2.multiplyDecodedPanel,
        attendPageBySixteens: AVX2.attendPage,
        attendPageByEights: AVX2.attendPage,
        attendPage: Portable.attendPage,
        q4_0: FormatKernels(AVX2.decodeQ4_0, AVX2.decodePanelQ4_0, nil),
        q4_1: FormatKernels(AVX2.decodeQ4_1, AVX2.decodePanelQ4_1, nil),
        q5_0: FormatKernels(AVX2.decodeQ5_0, AVX2.decodePanelQ5_0, nil),
        q5_1: FormatKernels(AVX2.decodeQ5_1, AVX2.decodePanelQ5_1, nil),
        q8_0: FormatKernels(AVX2.decodeQ8_0, AVX2.decodePanelQ8_0, nil),
        q4_K: FormatKernels(AVX2.decodeQ4_K, AVX2.decodePanelQ4_K, nil),
        q5_K: FormatKernels(AVX2.decodeQ5_K, AVX2.decodePanelQ5_K, nil),
        q6_K: FormatKernels(AVX2.decodeQ6_K, AVX2.decodePanelQ6_K, nil))
}
