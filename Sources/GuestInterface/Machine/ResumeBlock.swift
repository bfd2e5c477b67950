/// What the host leaves in the memory of a machine that it resumes: whatever must not be as it was when the memory was
/// saved. Six little-endian words: magic, wall clock and seed.
package struct ResumeBlock: Equatable, Sendable {
    package typealias Seed = (UInt64, UInt64, UInt64, UInt64)

    /// Seconds since 1970 at the resumption.
    package let wallClockSeconds: UInt64
    /// Fresh random bits.
    package let seed: Seed

    /// "HEXARSM" and the version of the layout, 1.
    private static var magic: UInt64 { 0x014d_5352_4158_4548 }

    private static var wordCount: Int { 6 }
    package static var byteCount: Int { 8 * wordCount }

    package init(wallClockSeconds: UInt64, seed: Seed) {
        self.wallClockSeconds = wallClockSeconds
        self.seed = seed
    }

    /// Nil when there is no block of this version.
    ///
    /// - Parameter readByte: reads the byte at an offset below `byteCount`.
    package init?<Failure: Error>(readByte: (Int) throws(Failure) -> UInt8) throws(Failure) {
        func word(_ index: Int) throws(Failure) -> UInt64 {
            var value: UInt64 = 0
            for byte in 0..<8 { value |= UInt64(try readByte(8 * index + byte)) << UInt64(8 * byte) }
            return value
        }
        guard try word(0) == Self.magic else { return nil }
        wallClockSeconds = try word(1)
        seed = (try word(2), try word(3), try word(4), try word(5))
    }

    /// The block as it lies in memory.
    package var bytes: [UInt8] {
        let words = [Self.magic, wallClockSeconds, seed.0, seed.1, seed.2, seed.3]
        var bytes: [UInt8] = []
        for word in words {
            for byte in 0..<8 { bytes.append(UInt8(truncatingIfNeeded: word >> UInt64(8 * byte))) }
        }
        return bytes
    }

    package static func == (left: ResumeBlock, right: ResumeBlock) -> Bool {
        left.wallClockSeconds == right.wallClockSeconds && left.seed == right.seed
    }
}
