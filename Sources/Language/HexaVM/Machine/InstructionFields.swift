import HexaBytecode

/// The fields of an instruction, as the interpreter reads them: shifts only, no checks.
extension UInt64 {
    /// SAFETY: the verifier refuses instructions whose first byte is no opcode, and `Opcode` numbers its cases from 0
    /// without gaps, as a test proves.
    @inline(__always) var opcode: Opcode { unsafeBitCast(UInt8(truncatingIfNeeded: self), to: Opcode.self) }
    @inline(__always) var a: Int { Int(truncatingIfNeeded: self >> 8 & 0xFF) }
    @inline(__always) var b: Int { Int(truncatingIfNeeded: self >> 16 & 0xFF) }
    @inline(__always) var c: Int { Int(truncatingIfNeeded: self >> 24 & 0xFF) }
    @inline(__always) var d: Int { Int(truncatingIfNeeded: Int64(bitPattern: self) >> 32) }
    @inline(__always) var immediate: Int { Int(Int16(truncatingIfNeeded: self >> 16)) }
}
