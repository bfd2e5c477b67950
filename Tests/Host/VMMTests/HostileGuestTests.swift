import Glibc
import HostSystem
import Net
import TestSupport
import Testing
import Virtio

@testable import VMM

/// A guest that writes anything to registers and queues. Whatever it does, the monitor neither traps nor touches
/// memory that is not the guest's, and a reset makes the device usable again.
@Suite("Device models under a hostile guest")
struct HostileGuestTests {
    private static func models() throws -> [any DeviceModel] {
        [
            EntropyModel(), ConsoleModel { _ in }, PersistentMemoryModel(address: 4 << 30, byteCount: 2 << 20),
            SocketModel(guestContext: 3), BlockModel(try InputFile("/proc/self/exe")),
            NetworkModel(FileDescriptor(owning: open("/dev/null", O_RDWR)), macAddress: nil),
        ]
    }

    @Test("Registers and queues of random content never trap the VMM", arguments: 0..<24)
    func registersAndQueuesOfAnyContent(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        for model in try Self.models() {
            let wired = try Wired(model)
            for _ in 0..<60 {
                storeNoise(in: wired, &random)
                if Bool.random(using: &random) { setUp(wired, queues: model.queueSizes, &random) }
                for _ in 0..<20 { access(wired, &random) }
                for queue in model.queueSizes.indices {
                    wired.write32(UInt32(queue), at: MMIORegister.queueNotify)
                }
                if wired.transport.fault != nil { wired.write32(0, at: MMIORegister.status) }
            }
            wired.write32(0, at: MMIORegister.status)
            #expect(wired.read32(at: MMIORegister.status) == 0)
            #expect(wired.read32(at: MMIORegister.magicValue) == MMIORegister.magic)
        }
    }

    /// Where the queues of `setUp` are.
    private static let queuePages: UInt64 = 2 << 20

    /// Random bytes where the queues are, with addresses and lengths that are often nearly right.
    private func storeNoise(in wired: Wired, _ random: inout SplitMix64) {
        let region = wired.memory.region(at: Self.queuePages, byteCount: 3 * 8_192)!
        for offset in stride(from: 0, to: region.byteCount, by: 16) {
            let address: UInt64 =
                switch UInt8.random(in: 0...3, using: &random) {
                case 0: random.next()
                case 1: (16 << 20) - UInt64.random(in: 0...64, using: &random)
                default: UInt64.random(in: 0..<16 << 20, using: &random)
                }
            let length = Bool.random(using: &random) ? UInt64.random(in: 0...8_192, using: &random) : random.next()
            let tail =
                length & 0xffff_ffff | UInt64.random(in: 0..<8, using: &random) << 32
                | UInt64.random(in: 0..<10, using: &random) << 48
            region.buffer.storeBytes(of: address, toByteOffset: offset, as: UInt64.self)
            region.buffer.storeBytes(of: tail, toByteOffset: offset + 8, as: UInt64.self)
        }
        // Small indices, so that the walk begins.
        for queue in 0..<3 {
            region.buffer[queue * 8_192 + 4_096 + 2] = UInt8.random(in: 0...8, using: &random)
            region.buffer[queue * 8_192 + 4_096 + 3] = 0
        }
    }

    private func setUp(_ wired: Wired, queues: [UInt16], _ random: inout SplitMix64) {
        wired.write32(0, at: MMIORegister.status)
        wired.write32(1, at: MMIORegister.driverFeaturesSelect)
        wired.write32(1, at: MMIORegister.driverFeatures)
        wired.write32(0, at: MMIORegister.driverFeaturesSelect)
        wired.write32(UInt32.random(in: 0...3, using: &random) << 28, at: MMIORegister.driverFeatures)
        wired.write32(0b1011, at: MMIORegister.status)
        for queue in queues.indices {
            let base = Self.queuePages + UInt64(queue) * 8_192
            wired.write32(UInt32(queue), at: MMIORegister.queueSelect)
            wired.write32(8, at: MMIORegister.queueSize)
            wired.write32(UInt32(base), at: MMIORegister.queueDescriptorLow)
            wired.write32(UInt32(base) + 4_096, at: MMIORegister.queueDriverLow)
            wired.write32(UInt32(base) + 6_144, at: MMIORegister.queueDeviceLow)
            wired.write32(1, at: MMIORegister.queueReady)
        }
        wired.write32(0b1111, at: MMIORegister.status)
    }

    private func access(_ wired: Wired, _ random: inout SplitMix64) {
        let offset = Int.random(in: 0..<0x220, using: &random)
        if Bool.random(using: &random) {
            _ = wired.read32(at: offset)
            _ = wired.read8(at: offset)
        } else if offset != MMIORegister.status || Bool.random(using: &random) {
            wired.write32(UInt32(truncatingIfNeeded: random.next()), at: offset)
        }
    }

    @Test("A guest that refills its queue for ever does not starve other devices")
    func guestThatRefillsItsQueueForEverLetsOthersHaveTheirTurn() throws {
        let wired = try Wired(EntropyModel())
        setUp(wired, queues: [8], &Self.fixed)
        // Every entry names descriptor 0, which is a good one; the index never stops.
        let region = wired.memory.region(at: Self.queuePages, byteCount: 8_192)!
        region.clear()
        region.buffer.storeBytes(of: UInt64(3 << 20), toByteOffset: 0, as: UInt64.self)
        region.buffer.storeBytes(of: UInt64(2) << 32 | 16, toByteOffset: 8, as: UInt64.self)
        region.buffer.storeBytes(of: UInt16(8), toByteOffset: 4_096 + 2, as: UInt16.self)
        #expect(wired.transport.serve())
        #expect(!wired.transport.serve())
    }

    nonisolated(unsafe) private static var fixed = SplitMix64(seed: 1)
}
