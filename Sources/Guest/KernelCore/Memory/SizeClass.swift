/// The sizes small allocations are rounded up to: multiples of 16 up to 128, then four steps an octave, so that no more
/// than a fifth of an object is lost.
struct SizeClass: Equatable {
    let index: Int

    static var count: Int { 8 + 4 * 6 }

    /// The smallest class that holds `byteCount` bytes (1...`Limits.smallAllocationBytesMax`).
    init(holding byteCount: Int) {
        if byteCount <= 128 {
            index = max(0, (byteCount + 15) / 16 - 1)
        } else {
            // 128 < byteCount: the octave is that of byteCount - 1, its two bits below the top one pick the step.
            let last = byteCount - 1
            let octave = Int.bitWidth - 1 - last.leadingZeroBitCount
            index = 8 + (octave - 7) * 4 + ((last >> (octave - 2)) & 3)
        }
    }

    init(index: Int) { self.index = index }

    var byteCount: Int {
        if index < 8 { return (index + 1) * 16 }
        let octave = 7 + (index - 8) / 4
        return (1 << octave) + ((index - 8) % 4 + 1) << (octave - 2)
    }
}
