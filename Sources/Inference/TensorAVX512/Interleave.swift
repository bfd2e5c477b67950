import CIntrinsics

extension AVX512 {
    /// Interleaves 16 rows of codes, `rowStride` bytes apart, four columns at a time: 64 bytes of the panel hold
    /// columns 4k to 4k + 3 of row 0, then of row 1, and so on, which is one VNNI operand for sixteen rows.
    ///
    /// - Parameter columns: a multiple of 32.
    @export(interface)
    public static func interleavePanel(
        _ codes: UnsafePointer<UInt8>, _ rowStride: Int, _ columns: Int, _ panel: UnsafeMutablePointer<UInt8>
    ) {
        var column = 0
        while column < columns {
            let count = columns &- column >= 64 ? 16 : 8
            let target = panel + column &* 16
            transpose(codes + column, rowStride, UInt16(truncatingIfNeeded: 1 &<< count &- 1), count, target)
            column &+= count &* 4
        }
    }
}

/// Transposes 16 rows of up to 16 words of 32 bits: four steps that each exchange halves of growing distance.
@inline(__always)
private func transpose(
    _ codes: UnsafePointer<UInt8>, _ rowStride: Int, _ mask: UInt16, _ count: Int, _ target: UnsafeMutablePointer<UInt8>
) {
    @inline(__always)
    func row(_ index: Int) -> __m512i { _mm512_maskz_loadu_epi32(mask, codes + index &* rowStride) }

    /// Rows r, r+1, r+2, r+3: lane l of result i holds word 4l + i of the four rows.
    @inline(__always)
    func four(_ r: Int) -> (__m512i, __m512i, __m512i, __m512i) {
        let (r0, r1, r2, r3) = (row(r), row(r &+ 1), row(r &+ 2), row(r &+ 3))
        let (low01, high01) = (_mm512_unpacklo_epi32(r0, r1), _mm512_unpackhi_epi32(r0, r1))
        let (low23, high23) = (_mm512_unpacklo_epi32(r2, r3), _mm512_unpackhi_epi32(r2, r3))
        return (
            _mm512_unpacklo_epi64(low01, low23), _mm512_unpackhi_epi64(low01, low23),
            _mm512_unpacklo_epi64(high01, high23), _mm512_unpackhi_epi64(high01, high23)
        )
    }

    /// Words i, i+4, i+8, i+12 of all rows from result i of the four row groups.
    @inline(__always)
    func emit(_ i: Int, _ a: __m512i, _ b: __m512i, _ c: __m512i, _ d: __m512i) {
        let (evenLow, oddLow) = (even_lanes(a, b), odd_lanes(a, b))
        let (evenHigh, oddHigh) = (even_lanes(c, d), odd_lanes(c, d))
        _mm512_storeu_si512(target + i &* 64, even_lanes(evenLow, evenHigh))
        _mm512_storeu_si512(target + (i &+ 4) &* 64, even_lanes(oddLow, oddHigh))
        guard count == 16 else { return }
        _mm512_storeu_si512(target + (i &+ 8) &* 64, odd_lanes(evenLow, evenHigh))
        _mm512_storeu_si512(target + (i &+ 12) &* 64, odd_lanes(oddLow, oddHigh))
    }

    let (a, b, c, d) = (four(0), four(4), four(8), four(12))
    emit(0, a.0, b.0, c.0, d.0)
    emit(1, a.1, b.1, c.1, d.1)
    emit(2, a.2, b.2, c.2, d.2)
    emit(3, a.3, b.3, c.3, d.3)
}
