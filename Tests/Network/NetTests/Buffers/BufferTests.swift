import MonotonicTime
@testable import Net
import TestSupport
import Testing

@Suite("Buffers and tables against simple models")
struct BufferTests {
    @Test("ring buffer: appending, staging, copying, removing", arguments: 1...4 as ClosedRange<UInt64>)
    func ring(seed: UInt64) {
        var generator = SplitMix64(seed: seed)
        var ring = RingBuffer(capacity: 5000)
        var model: [UInt8] = []
        for _ in 0..<400 {
            let bytes = generator.bytes(Int(generator.next() % 1500))
            switch generator.next() % 4 {
            case 0:
                let accepted = ring.append(bytes.span.bytes)
                #expect(accepted == min(bytes.count, 5000 - model.count))
                model += bytes.prefix(accepted)
            case 1 where bytes.count <= ring.room:
                // In two halves, the later one first.
                let half = bytes.count / 2
                ring.stage(bytes.span.bytes.extracting(droppingFirst: half), at: half)
                ring.stage(bytes.span.bytes.extracting(first: half), at: 0)
                ring.commit(bytes.count)
                model += bytes
            case 2:
                let count = min(bytes.count, model.count)
                ring.removeFirst(count)
                model.removeFirst(count)
            default:
                var read: [UInt8] = [42]
                let moved = ring.move(to: &read, maximum: bytes.count / 2)
                #expect(read == [42] + model.prefix(moved))
                model.removeFirst(moved)
            }
            #expect(ring.count == model.count && ring.room == 5000 - model.count)
            let offset = model.count / 3, count = model.count / 2
            let copy = emitted(count + 1) { ring.copy(from: offset, count: count, into: &$0, at: 1) }
            #expect(Array(copy.dropFirst()) == Array(model[offset..<offset + count]))
        }
    }

    @Test("frame queue: first in, first out; bounded; unwanted frames can be taken out")
    func frameQueue() {
        var queue = FrameQueue(capacity: 3, frameByteCountMax: 10)
        func fill(_ value: UInt8, _ destination: FrameQueue.Destination) -> Bool {
            let content = [UInt8](repeating: value, count: Int(value))
            return queue.append(to: destination, byteCount: content.count) { $0.copy(content.span.bytes, at: 0) }
        }
        let neighbor = IPv4Address(1, 2, 3, 4)
        #expect(!fill(11, .complete))
        #expect(fill(1, .complete) && fill(2, .neighbor(neighbor)) && fill(3, .complete) && !fill(4, .complete))
        let removedCount = queue.removeAll { $0 == neighbor }
        #expect(removedCount == 1)
        #expect(fill(4, .complete))
        var other = FrameQueue(capacity: 1, frameByteCountMax: 10)
        let isMoved = other.moveFirst(from: &queue), isSecondMoved = other.moveFirst(from: &queue)
        #expect(isMoved && !isSecondMoved)
        #expect(queue.count == 1 && queue.first?.byteCount == 4)
        #expect(emitted(5) { queue.popFirst(into: &$0) } == [4, 4, 4, 4, 0xAA])
        #expect(emitted(2) { other.popFirst(into: &$0) } == [1, 0xAA])
    }

    @Test("slot list: order, membership, removal anywhere")
    func slotList() {
        var generator = SplitMix64(seed: 3)
        var list = SlotList(capacity: 16)
        var model: [Int] = []
        for _ in 0..<2000 {
            let slot = Int(generator.next() % 16)
            switch generator.next() % 3 {
            case 0:
                list.append(slot)
                if !model.contains(slot) { model.append(slot) }
            case 1:
                list.remove(slot)
                model.removeAll { $0 == slot }
            default:
                let popped = list.popFirst()
                #expect(popped == model.first)
                if !model.isEmpty { model.removeFirst() }
            }
            #expect(list.count == model.count && list.first == model.first)
            #expect(list.contains(slot) == model.contains(slot))
        }
    }

    @Test("deadline heap: always the earliest")
    func deadlineHeap() {
        var generator = SplitMix64(seed: 4)
        var heap = DeadlineHeap(capacity: 32)
        var model = [Instant](repeating: .distantFuture, count: 32)
        for _ in 0..<3000 {
            let slot = Int(generator.next() % 32)
            let deadline = generator.chance(0.3) ? .distantFuture : Instant(nanoseconds: generator.next() % 1000)
            heap.update(slot, to: deadline)
            model[slot] = deadline
            #expect(heap.earliest == model.min())
            let expired = heap.firstExpired(at: Instant(nanoseconds: 500))
            #expect((expired != nil) == model.contains { $0 <= Instant(nanoseconds: 500) })
            if let expired { #expect(model[expired] == model.min()) }
        }
    }

    @Test("connection table: finds what is in it, also when it is full and churning")
    func connectionTable() {
        var generator = SplitMix64(seed: 6)
        var table = ConnectionTable(capacity: 64, secret: NetworkSecret(1, 2))
        var model: [FlowKey: Int] = [:]
        for _ in 0..<4000 {
            let key = FlowKey(
                remoteAddress: IPv4Address(10, 0, 0, UInt8(generator.next() % 3)),
                remotePort: UInt16(generator.next() % 60), localPort: 80)
            if generator.chance(0.5), model.count < 64 || model[key] != nil {
                let slot = Int(generator.next() % 1000)
                table.insert(key, slot: slot)
                model[key] = slot
            } else {
                table.remove(key)
                model[key] = nil
            }
            #expect(table.slot(of: key) == model[key])
        }
        for (key, slot) in model { #expect(table.slot(of: key) == slot) }
    }

    @Test("reassembly ranges: the same octets as a set")
    func reassemblyRanges() {
        var generator = SplitMix64(seed: 8)
        for _ in 0..<200 {
            var ranges = ReassemblyRanges()
            var model: Set<Int> = []
            let base = SequenceNumber(0xFFFF_FFE0)
            for _ in 0..<20 {
                let start = 1 + Int(generator.next() % 60), count = 1 + Int(generator.next() % 8)
                let isTaken = ranges.insert(SequenceRange(start: base + start, end: base + (start + count)))
                #expect(isTaken)
                model.formUnion(start..<start + count)
                #expect(Set(ranges.ranges.flatMap { ($0.start - base)..<($0.end - base) }) == model)
                for (left, right) in zip(ranges.ranges, ranges.ranges.dropFirst()) { #expect(left.end < right.start) }
            }
            let next = Int(generator.next() % 60)
            var reached = next
            while model.contains(reached) { reached += 1 }
            let advanced = ranges.advance(to: base + next)
            #expect(advanced == reached - next)
            #expect(ranges.ranges.allSatisfy { $0.start > base + reached })
        }
    }

    @Test("scoreboard: pipe and gaps as RFC 6675 counts them")
    func scoreboard() {
        var board = SACKScoreboard()
        func number(_ value: Int) -> SequenceNumber { SequenceNumber(UInt32(value)) }
        func insert(_ start: Int, _ end: Int) -> Bool {
            board.insert(SequenceRange(start: number(start), end: number(end)), between: number(0), and: number(10_000))
        }
        func pipe(retransmitted: Int) -> Int {
            board.pipe(
                unacknowledged: number(0), highest: number(10_000), retransmitted: number(retransmitted),
                segmentSize: 1000)
        }
        #expect(pipe(retransmitted: 0) == 10_000)
        #expect(insert(1000, 2000) && !insert(1000, 2000) && !insert(1200, 1500))
        #expect(pipe(retransmitted: 0) == 9000, "one received, nothing lost yet")
        #expect(!board.isFirstLost(segmentSize: 1000))
        #expect(insert(3000, 5000))
        #expect(board.isFirstLost(segmentSize: 1000), "three segments have arrived beyond it")
        #expect(pipe(retransmitted: 0) == 5000 + 1000, "the first is lost, the third not yet")
        #expect(pipe(retransmitted: 1000) == 7000, "the repetition is in the network")
        let lost = board.nextGap(from: number(0), mustBeLost: true, segmentSize: 1000)
        #expect(lost == SequenceRange(start: number(0), end: number(1000)))
        #expect(board.nextGap(from: number(1000), mustBeLost: true, segmentSize: 1000) == nil)
        let doubtful = board.nextGap(from: number(1000), mustBeLost: false, segmentSize: 1000)
        #expect(doubtful == SequenceRange(start: number(2000), end: number(3000)))
        #expect(board.byteCount(below: number(4000)) == 2000)
        board.prune(to: number(2500))
        #expect(board.ranges == [SequenceRange(start: number(3000), end: number(5000))])
    }
}
