import Testing

@testable import VMM

@Suite("Coalesced register writes")
struct CoalescedWritesTests {
    /// As KVM lays it out in a page: two 32-bit indices, then entries of 24 bytes (linux/kvm.h).
    private final class Ring {
        let page = UnsafeMutableRawPointer.allocate(byteCount: 4_096, alignment: 4_096)
        static let capacity: UInt32 = 170

        init(at index: UInt32) {
            page.initializeMemory(as: UInt8.self, repeating: 0, count: 4_096)
            (first, last) = (index, index)
        }

        deinit { page.deallocate() }

        var first: UInt32 {
            get { page.load(as: UInt32.self) }
            set { page.storeBytes(of: newValue, as: UInt32.self) }
        }

        var last: UInt32 {
            get { page.load(fromByteOffset: 4, as: UInt32.self) }
            set { page.storeBytes(of: newValue, toByteOffset: 4, as: UInt32.self) }
        }

        func add(_ address: UInt64, _ bytes: [UInt8]) {
            let entry = page + 8 + Int(last) * 24
            entry.storeBytes(of: address, as: UInt64.self)
            entry.storeBytes(of: UInt32(bytes.count), toByteOffset: 8, as: UInt32.self)
            for (index, byte) in bytes.enumerated() {
                entry.storeBytes(of: byte, toByteOffset: 16 + index, as: UInt8.self)
            }
            last = (last + 1) % Self.capacity
        }

        func taken() -> [(UInt64, [UInt8])] {
            var writes: [(UInt64, [UInt8])] = []
            CoalescedWrites(ring: page).takeAll { writes.append(($0, Array($1))) }
            return writes
        }
    }

    @Test("Writes arrive in their order, once each")
    func writesComeInTheirOrderAndOnce() {
        let ring = Ring(at: 0)
        #expect(ring.taken().isEmpty)
        ring.add(0xd000_0070, [1, 0, 0, 0])
        ring.add(0xd000_0030, [2, 0])
        let writes = ring.taken()
        #expect(writes.map { $0.0 } == [0xd000_0070, 0xd000_0030] && writes.map { $0.1 } == [[1, 0, 0, 0], [2, 0]])
        #expect(ring.taken().isEmpty)
    }

    @Test("The ring wraps around")
    func theRingGoesRound() {
        let ring = Ring(at: Ring.capacity - 1)
        for value in 0..<3 { ring.add(UInt64(value), [UInt8(value)]) }
        #expect(ring.taken().map { $0.0 } == [0, 1, 2])
        #expect(ring.first == 2 && ring.last == 2)
    }

    @Test("A ring with impossible indices is ignored")
    func aRingInDisorderIsLeftAlone() {
        let ring = Ring(at: 0)
        ring.first = Ring.capacity
        #expect(ring.taken().isEmpty)
        ring.first = 3
        ring.page.storeBytes(of: 400, toByteOffset: 8 + 3 * 24 + 8, as: UInt32.self)
        ring.last = 4
        #expect(ring.taken().map { $0.1.count } == [8])
    }
}
