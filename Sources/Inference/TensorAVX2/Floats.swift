import CIntrinsics

extension AVX2 {
    // SAFETY: callers pass the memory that the kernel's contract in `KernelTable` names.

    /// The product of two runs of floats.
    @export(interface)
    public static func dot(_ left: UnsafePointer<Float>, _ right: UnsafePointer<Float>, _ count: Int) -> Float {
        var (first, second) = (_mm256_setzero_ps(), _mm256_setzero_ps())
        var index = 0
        while index &+ 16 <= count {
            first = _mm256_fmadd_ps(_mm256_loadu_ps(left + index), _mm256_loadu_ps(right + index), first)
            let next = index &+ 8
            second = _mm256_fmadd_ps(_mm256_loadu_ps(left + next), _mm256_loadu_ps(right + next), second)
            index &+= 16
        }
        var total = sum(_mm256_add_ps(first, second))
        while index < count {
            total += left[index] * right[index]
            index &+= 1
        }
        return total
    }

    /// Widens `count` binary16 numbers.
    @export(interface)
    public static func widenBinary16(_ source: UnsafeRawPointer, _ count: Int, _ floats: UnsafeMutablePointer<Float>) {
        var index = 0
        while index &+ 8 <= count {
            let halves = _mm_loadu_si128((source + index &* 2).assumingMemoryBound(to: __m128i.self))
            _mm256_storeu_ps(floats + index, _mm256_cvtph_ps(halves))
            index &+= 8
        }
        while index < count {
            floats[index] = binary16(source, index &* 2)
            index &+= 1
        }
    }
}
