import Glibc
import LaneThreads
import TestSupport
import Synchronization
import Tensor
import Testing

/// A crew's phases: every chunk is done once, in whatever order, and a phase sees what the one before has written.
@Suite("A lane crew", .timeLimit(.minutes(1)))
struct LaneCrewTests {
    /// Lanes as the tests want them: threads that end with the test.
    static func withCrew(_ participants: Int, _ body: (LaneCrew) throws -> Void) rethrows {
        let threads = LaneThreads(participantCount: participants)
        defer { threads.stop() }
        try body(threads.crew)
    }

    /// Counts how often each chunk is done, and by whom.
    final class Tally: Sendable {
        private let counts: [Counter]
        private let byParticipant: [Counter]

        final class Counter: Sendable {
            let value = Atomic<Int>(0)
        }

        init(chunks: Int, participants: Int) {
            counts = (0..<chunks).map { _ in Counter() }
            byParticipant = (0..<participants).map { _ in Counter() }
        }

        func record(_ chunk: Int, _ participant: Int) {
            counts[chunk].value.add(1, ordering: .relaxed)
            byParticipant[participant].value.add(1, ordering: .relaxed)
        }

        func chunks(of participant: Int) -> Int { byParticipant[participant].value.load(ordering: .relaxed) }
        var isEachDoneOnce: Bool { counts.allSatisfy { $0.value.load(ordering: .relaxed) == 1 } }
    }

    @Test("does every chunk of every phase once", arguments: 1...4)
    func everyChunkOnce(participants: Int) {
        Self.withCrew(participants) { crew in
            var generator = SplitMix64(seed: UInt64(participants))
            for _ in 0..<400 {
                let chunks = Int.random(in: 0...40, using: &generator)
                let counted = Tally(chunks: chunks, participants: participants)
                crew.run(chunkCount: chunks) { chunk, participant in counted.record(chunk, participant) }
                #expect(counted.isEachDoneOnce, "\(chunks) chunks")
            }
        }
    }

    @Test("thousands of tiny phases, each computed from the one before", arguments: 1...4)
    func dependentPhases(participants: Int) {
        let width = 97
        Self.withCrew(participants) { crew in
            var generator = SplitMix64(seed: 7)
            let current = UnsafeMutablePointer<Int>.allocate(capacity: width)
            let next = UnsafeMutablePointer<Int>.allocate(capacity: width)
            defer { current.deallocate(); next.deallocate() }
            current.initialize(repeating: 0, count: width)
            next.initialize(repeating: 0, count: width)
            // Plain memory on purpose: that each phase reads what other threads wrote in the one before is the test.
            nonisolated(unsafe) let (source, target) = (current, next)
            for phase in 0..<20_000 {
                let chunks = Int.random(in: 1...12, using: &generator)
                crew.run(chunkCount: chunks) { chunk, _ in
                    for index in (chunk * width / chunks)..<((chunk + 1) * width / chunks) {
                        target[index] = source[width - 1 - index] + 1
                    }
                }
                crew.run(chunkCount: width) { chunk, _ in source[chunk] = target[chunk] }
                guard source[phase % width] == phase + 1 else {
                    Issue.record("phase \(phase): \(source[phase % width])")
                    return
                }
            }
            #expect((0..<width).allSatisfy { source[$0] == 20_000 })
        }
    }

    @Test("never gives two threads the same work space", arguments: 2...4)
    func workSpaces(participants: Int) {
        final class InUse: Sendable {
            let flag = Atomic<Bool>(false)
        }
        let spaces = (0..<participants).map { _ in InUse() }
        let collisions = Atomic<Int>(0)
        Self.withCrew(participants) { crew in
            for _ in 0..<500 {
                crew.run(chunkCount: 16) { _, participant in
                    if spaces[participant].flag.exchange(true, ordering: .acquiring) {
                        collisions.add(1, ordering: .relaxed)
                    }
                    spaces[participant].flag.store(false, ordering: .releasing)
                }
            }
        }
        let count = collisions.load(ordering: .relaxed)
        #expect(count == 0)
    }

    @Test("a stalled lane costs the chunk it holds, no more: others do the rest of its part")
    func stalledLane() {
        Self.withCrew(3) { crew in
            // Until each has had a chunk, so that lane 1 certainly stalls below.
            for _ in 0..<20 {
                let tally = Tally(chunks: 60, participants: 3)
                let hasStalled = Atomic<Bool>(false)
                crew.run(chunkCount: 60) { chunk, participant in
                    if participant == 1, !hasStalled.exchange(true, ordering: .relaxed) { usleep(20_000) }
                    usleep(100)
                    tally.record(chunk, participant)
                }
                #expect(tally.isEachDoneOnce)
                guard hasStalled.load(ordering: .relaxed) else { continue }
                #expect(tally.chunks(of: 1) < 20, "its part is 20 chunks")
                return
            }
            Issue.record("lane 1 never came")
        }
    }

    @Test("lanes that stall again and again are done without for a while, and tried again")
    func untrustworthyLane() {
        Self.withCrew(2) { crew in
            let laneChunks = Atomic<Int>(0)
            let stalls = Atomic<Bool>(true)
            // At least one of the four is the lane's, if it comes at all: the leader takes its time as well.
            func phases(_ count: Int) {
                for _ in 0..<count {
                    crew.run(chunkCount: 4) { _, participant in
                        if participant == 0 { return _ = usleep(50) }
                        laneChunks.add(1, ordering: .relaxed)
                        if stalls.load(ordering: .relaxed) { usleep(10_000) }
                    }
                }
            }
            phases(500)
            let whileStalling = laneChunks.load(ordering: .relaxed)
            #expect(crew.stallCount > 0)
            #expect(whileStalling < 30, "without a memory of stalls it would be some 500")
            stalls.store(false, ordering: .relaxed)
            phases(2_000)
            let afterwards = laneChunks.load(ordering: .relaxed)
            #expect(afterwards > whileStalling, "a lane that has recovered works again")
        }
    }

    @Test("a lane that enlisted and never came back is done without")
    func absentLane() {
        let crew = LaneCrew(capacity: 3, wake: { _, _ in })
        #expect(crew.enlist() == 1)
        #expect(crew.enlist() == 2)
        #expect(crew.enlist() == nil, "the crew is complete")
        let tally = Tally(chunks: 31, participants: 3)
        crew.run(chunkCount: 31) { chunk, participant in tally.record(chunk, participant) }
        #expect(tally.isEachDoneOnce)
        #expect(tally.chunks(of: 0) == 31)
    }

    @Test("lanes rest when there is nothing to do, and are woken by the next phase")
    func resting() {
        Self.withCrew(2) { crew in
            let isLaneSeen = Atomic<Bool>(false)
            var rounds = 0
            while rounds < 2_000, crew.wakeCount < 3 {
                rounds += 1
                crew.run(chunkCount: 8) { _, participant in
                    if participant == 1 { isLaneSeen.store(true, ordering: .relaxed) }
                    usleep(200)
                }
                usleep(5_000)
            }
            #expect(crew.wakeCount >= 3)
            let wasSeen = isLaneSeen.load(ordering: .relaxed)
            #expect(wasSeen)
        }
    }

    @Test("forgotten lanes make room for others, and the phases go on with those")
    func forgottenLanes() {
        let crew = LaneCrew(capacity: 2, wake: { _, _ in Issue.record("a lane that nobody has put to rest") })
        #expect(crew.enlist() == 1)
        crew.rest(as: 1) { _, _ in crew.forgetLanes() }
        #expect(crew.participantCount == 1)
        #expect(crew.enlist() == 1)
        #expect(crew.enlist() == nil)
        let tally = Tally(chunks: 5, participants: 2)
        crew.run(chunkCount: 5) { chunk, participant in tally.record(chunk, participant) }
        #expect(tally.isEachDoneOnce)
    }

    @Test("lanes that rest are woken without work as well, and rest again")
    func waking() {
        Self.withCrew(2) { crew in
            var rounds = 0
            while rounds < 2_000, crew.wakeCount < 3 {
                rounds += 1
                usleep(5_000)
                crew.wakeLanes()
            }
            #expect(crew.wakeCount >= 3)
            let tally = Tally(chunks: 16, participants: 2)
            crew.run(chunkCount: 16) { chunk, participant in tally.record(chunk, participant) }
            #expect(tally.isEachDoneOnce)
        }
    }

    @Test("a leader alone has nobody to wake")
    func wakingNobody() {
        let crew = LaneCrew()
        crew.wakeLanes()
        #expect(crew.wakeCount == 0)
    }

    @Test("dismissed lanes end, whether they rest or spin, and the leader goes on alone", arguments: [0, 5_000])
    func dismissal(pause: UInt32) {
        let threads = LaneThreads(participantCount: 3)
        threads.crew.run(chunkCount: 6) { _, _ in }
        usleep(pause)
        threads.stop()
        let tally = Tally(chunks: 9, participants: 3)
        threads.crew.run(chunkCount: 9) { chunk, participant in tally.record(chunk, participant) }
        #expect(tally.isEachDoneOnce)
        #expect(tally.chunks(of: 0) == 9)
    }
}
