/// What a monitor leaves in the memory of a machine that it resumes: whatever must not be as it was when the memory was
/// saved. Written by `VMM.ResumeBlock`.
public struct ResumeBlock: Equatable, Sendable {
    public typealias Seed = (UInt64, UInt64, UInt64, UInt64)

    /// Seconds since 1970 at the resumption.
    public let wallClockSeconds: UInt64
    /// Fresh random bits.
    public let seed: Seed

    public static func == (left: ResumeBlock, right: ResumeBlock) -> Bool {
        left.wallClockSeconds == right.wallClockSeconds && left.seed == right.seed
    }

    /// "HEXARSM" and the version of the layout, 1.
    static var magic: UInt64 { 0x014d_5352_4158_4548 }

    /// Bytes of the block: magic, wall clock and seed, all little-endian words.
    public static var byteCount: Int { 48 }

    /// Nil when there is no block of this version at `address`, which is a multiple of 8.
    public init?(
        at address: UInt64, memory: borrowing some BootInformation.PhysicalMemoryReader
    ) throws(BootInformation.ReadError) {
        func word(_ index: UInt64) throws(BootInformation.ReadError) -> UInt64 {
            var value: UInt64 = 0
            for byte in 0..<UInt64(8) {
                value |= UInt64(try memory.read8(address + 8 * index + byte)) << (8 * byte)
            }
            return value
        }
        guard try word(0) == Self.magic else { return nil }
        wallClockSeconds = try word(1)
        seed = (try word(2), try word(3), try word(4), try word(5))
    }
}
