/// One instruction: eight bytes, the same layout for every opcode.
///
///     bits  0...7    opcode
///     bits  8...15   a    usually the register written
///     bits 16...23   b
///     bits 24...31   c
///     bits 32...63   d    signed: constant, index, immediate or jump distance
///
/// Instructions have one size, so a jump distance counts instructions and always lands on one.
public struct Instruction: Equatable, Sendable, BitwiseCopyable {
    public var bits: UInt64

    @inlinable
    public init(bits: UInt64) { self.bits = bits }

    public init(_ opcode: Opcode, a: Int = 0, b: Int = 0, c: Int = 0, d: Int = 0) {
        bits =
            UInt64(opcode.rawValue)
            | UInt64(UInt8(truncatingIfNeeded: a)) << 8
            | UInt64(UInt8(truncatingIfNeeded: b)) << 16
            | UInt64(UInt8(truncatingIfNeeded: c)) << 24
            | UInt64(UInt32(truncatingIfNeeded: d)) << 32
    }

    /// An instruction whose `b` and `c` together hold a signed 16-bit immediate.
    public init(_ opcode: Opcode, a: Int, immediate: Int, d: Int) {
        self.init(opcode, a: a, b: immediate & 0xFF, c: immediate >> 8 & 0xFF, d: d)
    }

    @inlinable public var operation: UInt8 { UInt8(truncatingIfNeeded: bits) }
    @inlinable public var a: Int { Int(truncatingIfNeeded: bits >> 8 & 0xFF) }
    @inlinable public var b: Int { Int(truncatingIfNeeded: bits >> 16 & 0xFF) }
    @inlinable public var c: Int { Int(truncatingIfNeeded: bits >> 24 & 0xFF) }
    @inlinable public var d: Int { Int(Int32(truncatingIfNeeded: bits >> 32)) }
    /// `b` and `c` as one signed number.
    @inlinable public var immediate: Int { Int(Int16(truncatingIfNeeded: bits >> 16)) }

    /// nil when the byte names no opcode.
    public var opcode: Opcode? { Opcode(rawValue: operation) }

    /// The same instruction with another `d`: how a jump gets its distance once its target is known.
    public func with(d: Int) -> Instruction {
        Instruction(bits: bits & 0xFFFF_FFFF | UInt64(UInt32(truncatingIfNeeded: d)) << 32)
    }
}
