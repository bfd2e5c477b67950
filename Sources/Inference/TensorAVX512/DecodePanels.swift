import CIntrinsics

// Decoders of panels of the commonest formats: what module TensorAVX2's do, in half the steps.
// SAFETY: callers pass `blockCount` whole blocks of 16 rows and room for their codes and groups.

extension AVX512 {
    @export(interface)
    public static func decodePanelQ4_0(
        _ panel: UnsafeRawPointer, _ blockCount: Int, _ codes: UnsafeMutablePointer<UInt8>,
        _ scales: UnsafeMutablePointer<Float>, _ minimums: UnsafeMutablePointer<Float>
    ) {
        decodeNibbles(panel, blockCount, codes, scales, minimums, blockBytes: 288)
    }

    @export(interface)
    public static func decodePanelQ4_1(
        _ panel: UnsafeRawPointer, _ blockCount: Int, _ codes: UnsafeMutablePointer<UInt8>,
        _ scales: UnsafeMutablePointer<Float>, _ minimums: UnsafeMutablePointer<Float>
    ) {
        decodeNibbles(panel, blockCount, codes, scales, minimums, blockBytes: 320)
    }

    @export(interface)
    public static func decodePanelQ8_0(
        _ panel: UnsafeRawPointer, _ blockCount: Int, _ codes: UnsafeMutablePointer<UInt8>,
        _ scales: UnsafeMutablePointer<Float>, _ minimums: UnsafeMutablePointer<Float>
    ) {
        for block in 0..<blockCount {
            let (source, target) = (panel + block &* 544, codes + block &* 512)
            for word in 0..<8 { _mm512_storeu_si512(target + word &* 64, unsigned(source + word &* 64)) }
            let scale = halves(source + 512)
            _mm512_storeu_ps(scales + block &* 16, scale)
            _mm512_storeu_ps(minimums + block &* 16, _mm512_mul_ps(scale, _mm512_set1_ps(-128)))
        }
    }
}

@inline(__always)
private func decodeNibbles(
    _ panel: UnsafeRawPointer, _ blockCount: Int, _ codes: UnsafeMutablePointer<UInt8>,
    _ scales: UnsafeMutablePointer<Float>, _ minimums: UnsafeMutablePointer<Float>, blockBytes: Int
) {
    for block in 0..<blockCount {
        let (source, target) = (panel + block &* blockBytes, codes + block &* 512)
        for word in 0..<4 {
            let bytes = _mm512_loadu_si512(source + word &* 64)
            _mm512_storeu_si512(target + word &* 64, lowNibbles(bytes))
            _mm512_storeu_si512(target + (word &+ 4) &* 64, highNibbles(bytes))
        }
        let scale = halves(source + 256)
        _mm512_storeu_ps(scales + block &* 16, scale)
        let minimum = blockBytes == 320 ? halves(source + 288) : _mm512_mul_ps(scale, _mm512_set1_ps(-8))
        _mm512_storeu_ps(minimums + block &* 16, minimum)
    }
}
