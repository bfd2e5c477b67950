// Reads of the device-specific configuration space. A field wider than a register access may change half-way, so all of
// it is read between two equal generations (VIRTIO 1.2, 2.5.1 and 4.2.2.2).
extension MMIOTransport {
    /// Reads a 16-bit field.
    public func configuration16(at offset: Int) -> UInt16 {
        // A single access cannot be torn.
        registers.read16(at: MMIORegister.configuration + offset)
    }

    /// Reads a 32-bit field.
    public func configuration32(at offset: Int) -> UInt32 {
        registers.read32(at: MMIORegister.configuration + offset)
    }

    /// Reads a 64-bit field, by two accesses of 32 bits.
    public func configuration64(at offset: Int) throws(VirtioInitializationError) -> UInt64 {
        try stable(at: offset) {
            let low = registers.read32(at: MMIORegister.configuration + offset)
            let high = registers.read32(at: MMIORegister.configuration + offset + 4)
            return UInt64(high) << 32 | UInt64(low)
        }
    }

    /// Reads a field of six bytes.
    public func configurationBytes6(at offset: Int) throws(VirtioInitializationError) -> [6 of UInt8] {
        try stable(at: offset) {
            var bytes = [6 of UInt8](repeating: 0)
            for index in 0..<6 {
                bytes[index] = registers.read8(at: MMIORegister.configuration + offset + index)
            }
            return bytes
        }
    }

    private func stable<Value>(
        at offset: Int, _ read: () -> Value
    ) throws(VirtioInitializationError) -> Value {
        var generation = registers.read32(at: MMIORegister.configurationGeneration)
        for _ in 0..<VirtioLimits.configurationReadsMax {
            let value = read()
            let after = registers.read32(at: MMIORegister.configurationGeneration)
            if after == generation {
                return value
            }
            generation = after
        }
        throw giveUp(.configurationUnstable(offset: offset))
    }
}
