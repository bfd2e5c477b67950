import JSON
import Law
import MonotonicTime
import TestSupport
import Testing

@Suite("Verifying records")
struct GrowthVerifierTests {
    private static let key = Array("audit".utf8)

    /// The lines of ten records and their head, as the appliance answers them.
    private func lines() throws -> [[UInt8]] {
        var law = Law(
            try document(
                """
                {"format": 1, "subjects": {"p": {"kind": "program", "grants": {}, "delegation_depth": 1,
                 "quotas": {"concurrent_requests": 1}}}}
                """), auditKey: Self.key)
        let program = try law.program("p")
        for tick in 0..<7 {
            _ = try law.denial(program, Write.self, "/fs/\(tick)", at: Instant(nanoseconds: UInt64(tick)))
        }
        let claim = QuotaClaim(promptTokens: 1, keyValuePages: 1)
        let lease = try law.admit(program.subject, claim, now: .origin)
        #expect(throws: QuotaExceeded.self) { try law.admit(program.subject, claim, now: .origin).abandon() }
        let delegated = try law.delegate(program, DelegationTerms(), now: .origin)
        law.revoke(delegated, now: .origin)
        lease.release(to: &law)
        return law.growth.records.map { $0.serialized() } + [law.growth.head.serialized()]
    }

    private func verify(
        _ lines: [[UInt8]], key: [UInt8]? = nil, anchor: (sequence: UInt64, hash: Digest)? = nil
    ) throws(GrowthFault) -> GrowthVerifier {
        var verifier = GrowthVerifier(auditKey: key, anchor: anchor)
        for line in lines { try verifier.read(line) }
        try verifier.finish()
        return verifier
    }

    @Test("what the bus wrote verifies, and reads back as it was")
    func intact() throws {
        let lines = try lines()
        let verified = try verify(lines + [[]], key: Self.key)
        #expect(verified.records.count == 10 && verified.firstSequence == 1)
        #expect(verified.head?.sequence == 10)
        #expect(verified.records.map { $0.serialized() } == Array(lines.dropLast()))
        // From the middle on, and after a head that stands before: several answers one after the other.
        #expect(try verify(Array(lines[4...])).firstSequence == 5)
        let twoAnswers = lines[..<5] + [lines[5]] + lines[6...]
        _ = try verify(Array(twoAnswers))
    }

    @Test("any change of any byte of any record is found")
    func alteration() throws {
        let lines = try lines()
        var random = SplitMix64(seed: 5)
        for index in lines.indices.dropLast() {
            for offset in lines[index].indices {
                var changed = lines
                let old = changed[index][offset]
                repeat { changed[index][offset] = 0x20 + UInt8(random.next() % 95) } while changed[index][offset] == old
                // Some bytes may be written otherwise and mean the same; then the record must be the same.
                guard let verified = try? verify(changed, key: Self.key) else { continue }
                #expect(verified.records.map(\.hash) == (try verify(lines)).records.map(\.hash), "\(index) \(offset)")
                #expect(verified.records.allSatisfy { $0.isIntact })
            }
        }
    }

    @Test("a record that is dropped, doubled, moved or slipped in is named")
    func structure() throws {
        let lines = try lines()
        func problem(_ lines: [[UInt8]]) -> GrowthFault.Problem? {
            do throws(GrowthFault) {
                _ = try verify(lines)
                return nil
            } catch {
                return error.problem
            }
        }
        for index in 1..<9 {
            var dropped = lines
            dropped.remove(at: index)
            #expect(problem(dropped) == .missing(UInt64(index + 1)...UInt64(index + 1)))
            var doubled = lines
            doubled.insert(lines[index], at: index)
            #expect(problem(doubled) == .outOfOrder(sequence: UInt64(index + 1)))
            var moved = lines
            moved.swapAt(index, index - 1)
            #expect(problem(moved) != nil)
        }
        #expect(problem(lines.dropLast(2) + [lines[10]]) == .missing(10...10))
        #expect(problem(Array(lines.dropLast(2))) == nil, "a chain alone does not prove its end")
        #expect(problem([Array("{}".utf8)]) == .unreadable)
        #expect(problem([Array("nonsense".utf8)]) == .unreadable)
    }

    @Test("records of another chain do not fit, though each is intact")
    func otherChain() throws {
        let lines = try lines()
        var other = Law(
            try document(
                """
                {"format": 1, "version": 9, "subjects": {"p": {"kind": "program", "grants": {}}}}
                """))
        let program = try other.program("p")
        for tick in 0..<7 {
            _ = try other.denial(program, Write.self, "/fs/\(tick)", at: Instant(nanoseconds: UInt64(tick)))
        }
        var spliced = lines
        spliced[3] = other.growth.records[3].serialized()
        let fault = #expect(throws: GrowthFault.self) { try verify(spliced) }
        #expect(fault?.problem == .chainBroken(sequence: 4) && fault?.line == 4)
    }

    @Test("a head of another key, or without a code, is refused where the key is known")
    func codes() throws {
        let lines = try lines()
        let fault = #expect(throws: GrowthFault.self) { try verify(lines, key: Array("other".utf8)) }
        #expect(fault?.problem == .wrongCode(sequence: 10) && fault?.line == 11)
        let head = try #require(try verify(lines).head)
        let bare = Array(
            """
            {"head":{"sequence":\(head.sequence),"lost":0,"hash":"\(head.hash.text)"}}
            """.utf8)
        _ = try verify(lines.dropLast() + [bare])
        #expect(throws: GrowthFault.self) { try verify(lines.dropLast() + [bare], key: Self.key) }
    }

    @Test("an anchor shows that the end is there, and which chain it is")
    func anchors() throws {
        let lines = try lines()
        let records = try verify(lines).records
        _ = try verify(lines, anchor: (10, records[9].hash))
        _ = try verify(lines, anchor: (4, records[3].hash))
        #expect(throws: GrowthFault.self) { try verify(Array(lines.dropLast(2)), anchor: (10, records[9].hash)) }
        #expect(throws: GrowthFault.self) { try verify(lines, anchor: (4, records[4].hash)) }
    }
}
