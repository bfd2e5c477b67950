import GuestInterface

extension ResumeBlock {
    /// Nil when there is no block of this version at `address`.
    package init?(
        at address: UInt64, memory: borrowing some BootInformation.PhysicalMemoryReader
    ) throws(BootInformation.ReadError) {
        var bytes: [UInt8] = []
        for offset in 0..<UInt64(Self.byteCount) { bytes.append(try memory.read8(address &+ offset)) }
        try self.init { (offset: Int) throws(BootInformation.ReadError) in bytes[offset] }
    }
}
