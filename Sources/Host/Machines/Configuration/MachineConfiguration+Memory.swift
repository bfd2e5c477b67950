extension MachineConfiguration {
    /// QEMU's microvm has memory below 3 GiB and, what does not fit there, from 4 GiB on (`microvm_memory_init`).
    private static let lowMemoryMiB = 3_072
    /// Of the low memory, what a machine this small surely has as one piece.
    private static let undividedMiBMax = 2_816

    /// How large a machine must be to hold `mebibyteCount` in one piece: the weights, and the cache of keys and values,
    /// must not be divided. Pages that the guest never touches cost the host nothing.
    public static func memoryMiB(toHold mebibyteCount: Int) -> Int {
        mebibyteCount <= undividedMiBMax ? mebibyteCount : lowMemoryMiB + mebibyteCount
    }
}
