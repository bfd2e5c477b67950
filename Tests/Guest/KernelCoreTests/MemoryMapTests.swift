import KernelCore
import Testing

@Suite("The memory map")
struct MemoryMapTests {
    private func range(_ start: UInt64, _ end: UInt64) -> PhysicalRange { PhysicalRange(start: start, end: end) }

    @Test("overlapping and touching ranges become one, in order")
    func merging() {
        let map = MemoryMap(usable: [range(300, 400), range(0, 100), range(50, 200), range(200, 250), range(7, 7)])
        #expect(map.usable == [range(0, 250), range(300, 400)])
        #expect(map.byteCount == 350)
        #expect(map.end == 400)
    }

    @Test("a removed range leaves what lies before and after it")
    func removal() {
        var map = MemoryMap(usable: [range(0, 100), range(200, 300)])
        map.remove(range(50, 60))
        #expect(map.usable == [range(0, 50), range(60, 100), range(200, 300)])
        map.remove(range(90, 250))
        #expect(map.usable == [range(0, 50), range(60, 90), range(250, 300)])
        map.remove(range(0, 1_000))
        #expect(map.usable.isEmpty)
    }

    @Test("shrinking keeps whole pages only, growing covers partial ones")
    func alignment() {
        #expect(range(1, 8_193).shrunk(toMultipleOf: 4_096) == range(4_096, 8_192))
        #expect(range(1, 4_095).shrunk(toMultipleOf: 4_096).isEmpty)
        #expect(range(5_000, 8_193).grown(toMultipleOf: 4_096) == range(4_096, 12_288))
        #expect(range(.max - 10, .max).shrunk(toMultipleOf: 4_096).isEmpty)
    }
}
