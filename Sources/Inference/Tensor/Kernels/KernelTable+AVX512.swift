import CIntrinsics
import TensorAVX2
import TensorAVX512

extension KernelTable {
    /// What needs AVX-512 with VNNI; where that gains nothing, the AVX2 kernel.
    static let avx512 = KernelTable(
        dot: AVX2.dot,
        widenBinary16: AVX2.widenBinary16,
        narrowToBinary16: AVX2.narrowToBinary16,
        normalizeRow: AVX2.normalizeRow,
        add: AVX2.add,
        gate: AVX2.gate,
        quantizeRow: AVX2.quantizeRow,
        interleavePanel: AVX512.interleavePanel,
        multiplyDecodedPanel: AVX512.multiplyDecodedPanel,
        attendPageBySixteens: AVX512.attendPage,
        attendPageByEights: AVX2.attendPage,
        attendPage: Portable.attendPage,
        q4_0: FormatKernels(AVX2.decodeQ4_0, AVX512.decodePanelQ4_0, AVX512.multiplyPanelQ4_0),
        q4_1: FormatKernels(AVX2.decodeQ4_1, AVX512.decodePanelQ4_1, AVX512.multiplyPanelQ4_1),
        q5_0: FormatKernels(AVX2.decodeQ5_0, AVX2.decodePanelQ5_0, nil),
        q5_1: FormatKernels(AVX2.decodeQ5_1, AVX2.decodePanelQ5_1, nil),
        q8_0: FormatKernels(AVX2.decodeQ8_0, AVX512.decodePanelQ8_0, AVX512.multiplyPanelQ8_0),
        q4_K: FormatKernels(AVX2.decodeQ4_K, AVX2.decodePanelQ4_K, AVX512.multiplyPanelQ4_K),
        q5_K: FormatKernels(AVX2.decodeQ5_K, AVX2.decodePanelQ5_K, nil),
        q6_K: FormatKernels(AVX2.decodeQ6_K, AVX2.decodePanelQ6_K, AVX512.multiplyPanelQ6_K))
}
