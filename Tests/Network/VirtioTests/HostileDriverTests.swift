import TestSupport
import Testing
@testable import Virtio

@Suite("A driver that lies is found out by the device's queue")
struct HostileDriverTests {
    /// Writes a raw descriptor into the ring's table.
    private func write(
        _ pair: QueuePair, _ index: Int, address: UInt64, length: UInt32, flags: DescriptorFlags = [], next: UInt16 = 0,
        table: DMARegion? = nil
    ) {
        let table = table ?? pair.region
        let offset = index * DescriptorLayout.byteCount
        table.store(address, at: offset + DescriptorLayout.address)
        table.store(length, at: offset + DescriptorLayout.length)
        table.store(flags.rawValue, at: offset + DescriptorLayout.flags)
        table.store(next, at: offset + DescriptorLayout.next)
    }

    private func offer(_ pair: QueuePair, head: UInt16, index: UInt16 = 1) {
        let ring = pair.driver.layout.availableRing
        pair.region.store(head, at: ring + AvailableRingLayout.entries)
        pair.region.storeReleasing16(index, at: ring + AvailableRingLayout.index)
    }

    private func fault(_ pair: QueuePair) -> DeviceVirtqueueFault? {
        do throws(DeviceVirtqueueFault) {
            _ = try pair.device.next(into: &pair.chain)
            return nil
        } catch {
            return error
        }
    }

    private let here = TestMemory.physicalBase

    @Test("An available index that jumps", arguments: [5, 0x8000, 0xffff] as [UInt16])
    func indexJump(index: UInt16) throws {
        let pair = try QueuePair(size: 4)
        offer(pair, head: 0, index: index)
        #expect(fault(pair) == .availableIndexJump(advance: index))
    }

    @Test("More chains than descriptors, counting those the device still holds")
    func indexJumpWithOutstanding() throws {
        let pair = try QueuePair(size: 4)
        write(pair, 0, address: here, length: 8)
        offer(pair, head: 0, index: 2)
        #expect(fault(pair) == nil)
        #expect(fault(pair) == nil)
        offer(pair, head: 0, index: 5)
        #expect(fault(pair) == .availableIndexJump(advance: 3))
    }

    @Test("Descriptor indices outside of the table")
    func outOfRange() throws {
        let pair = try QueuePair(size: 4)
        offer(pair, head: 4)
        #expect(fault(pair) == .descriptorOutOfRange(index: 4))
        let linked = try QueuePair(size: 4)
        write(linked, 0, address: here, length: 8, flags: .next, next: 9)
        offer(linked, head: 0)
        #expect(fault(linked) == .descriptorOutOfRange(index: 9))
    }

    @Test("A chain that goes round in circles")
    func circle() throws {
        let pair = try QueuePair(size: 4)
        write(pair, 0, address: here, length: 8, flags: .next, next: 1)
        write(pair, 1, address: here, length: 8, flags: .next, next: 0)
        offer(pair, head: 0)
        #expect(fault(pair) == .chainTooLong)
    }

    @Test("Buffers outside of memory, also by wrapping around")
    func outsideMemory() throws {
        for (address, length) in [
            (0, 8), (here + (1 << 20) - 4, 8), (UInt64.max - 3, 8), (here, UInt32.max),
        ] as [(UInt64, UInt32)] {
            let pair = try QueuePair(size: 4)
            write(pair, 0, address: address, length: length)
            offer(pair, head: 0)
            #expect(fault(pair) == .bufferOutsideMemory(physicalAddress: address, byteCount: length))
        }
    }

    @Test("A readable buffer behind a writable one")
    func order() throws {
        let pair = try QueuePair(size: 4)
        write(pair, 0, address: here, length: 8, flags: [.next, .deviceWritable], next: 1)
        write(pair, 1, address: here, length: 8)
        offer(pair, head: 0)
        #expect(fault(pair) == .readableAfterWritable)
    }

    @Test("Indirect tables that were not negotiated, are nested, malformed, outside, too long or misaligned")
    func indirect() throws {
        func check(
            _ expected: DeviceVirtqueueFault, features: Features = .indirectDescriptors,
            flags: DescriptorFlags = .indirect, address: UInt64? = nil, length: UInt32 = 16, inner: DescriptorFlags = []
        ) throws {
            let pair = try QueuePair(size: 4, features: features)
            let table = pair.memory.allocate(256)
            write(pair, 0, address: here, length: 8, flags: inner, table: table)
            write(pair, 0, address: address ?? table.physicalAddress, length: length, flags: flags)
            offer(pair, head: 0)
            #expect(fault(pair) == expected)
        }
        try check(.indirectMisplaced, features: [])
        try check(.indirectMisplaced, flags: [.indirect, .next])
        try check(.indirectMisplaced, inner: .indirect)
        try check(.indirectTableMalformed(byteCount: 0), length: 0)
        try check(.indirectTableMalformed(byteCount: 24), length: 24)
        try check(.chainTooLong, length: 5 * 16)
        try check(.bufferOutsideMemory(physicalAddress: 8, byteCount: 16), address: 8)
        try check(.indirectTableMisaligned(physicalAddress: here + 4), address: here + 4)
    }

    @Test("A queue whose parts are misaligned or outside of memory")
    func unusable() throws {
        let memory = TestMemory()
        for addresses in [
            VirtqueueAddresses(descriptorTable: here + 8, availableRing: here + 64, usedRing: here + 128),
            VirtqueueAddresses(descriptorTable: here, availableRing: here + 65, usedRing: here + 128),
            VirtqueueAddresses(descriptorTable: here, availableRing: here + 64, usedRing: here + 130),
            VirtqueueAddresses(descriptorTable: 0, availableRing: here + 64, usedRing: here + 128),
            VirtqueueAddresses(descriptorTable: here, availableRing: here + 64, usedRing: here + (1 << 20) - 8),
        ] {
            #expect(throws: DeviceVirtqueueFault.queueUnusable) {
                _ = try DeviceVirtqueue(memory: memory.guest, size: 4, addresses: addresses, features: [])
            }
        }
    }

    @Test("Random tables never trap")
    func fuzz() throws {
        for seed in 0..<500 as Range<UInt64> {
            var random = SplitMix64(seed: seed)
            let pair = try QueuePair(size: 8, features: .indirectDescriptors)
            for index in 0..<8 {
                write(
                    pair, index, address: here + UInt64.random(in: 0..<256, using: &random),
                    length: UInt32.random(in: 0..<64, using: &random),
                    flags: DescriptorFlags(rawValue: UInt16.random(in: 0..<8, using: &random)),
                    next: UInt16.random(in: 0..<9, using: &random))
            }
            offer(pair, head: UInt16.random(in: 0..<9, using: &random))
            _ = fault(pair)
            #expect(pair.chain.readable.count + pair.chain.writable.count <= 8)
        }
    }
}
