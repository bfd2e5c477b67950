import Virtio

@testable import VMM

/// A device as a driver reaches it, without a processor in between: registers go to the transport, and each
/// notification has the model served at once, until it has nothing more to do.
final class Wired: RegisterSpace {
    let memory: MachineMemory
    let transport: DeviceTransport
    private(set) var interruptCount = 0
    private var nextFree: UInt64 = 1 << 20

    init(_ model: any DeviceModel) throws {
        memory = try MachineMemory(AddressLayout(memoryMiB: 16))
        var raise: () -> Void = {}
        transport = DeviceTransport(model, memory: memory) { raise() }
        raise = { [unowned self] in interruptCount += 1 }
    }

    /// Guest memory for a driver or a request.
    func allocate(_ byteCount: Int) -> DMARegion {
        let region = memory.region(at: nextFree, byteCount: UInt64(byteCount))!
        nextFree += (UInt64(byteCount) + 4_095) / 4_096 * 4_096
        return region
    }

    func serve() { for _ in 0..<1_000 where !transport.serve() { return } }

    private func read(_ offset: Int, _ width: Int) -> UInt32 {
        var value: UInt32 = 0
        withUnsafeMutableBytes(of: &value) { bytes in
            transport.read(at: offset, into: UnsafeMutableRawBufferPointer(rebasing: bytes[0..<width]))
        }
        return value
    }

    func read8(at offset: Int) -> UInt8 { UInt8(read(offset, 1)) }
    func read16(at offset: Int) -> UInt16 { UInt16(read(offset, 2)) }
    func read32(at offset: Int) -> UInt32 { read(offset, 4) }

    func write32(_ value: UInt32, at offset: Int) {
        withUnsafeBytes(of: value) { bytes in
            if transport.write(at: offset, bytes) { serve() }
        }
    }
}
