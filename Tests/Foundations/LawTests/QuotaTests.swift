import Law
import MonotonicTime
import Testing

@Suite("Quotas")
struct QuotaTests {
    private func limited(_ quotas: String) throws -> (law: Law, subject: SubjectID) {
        let law = try law(
            """
            {"format": 1, "subjects": {"p": {"kind": "program", "grants": {}, "quotas": {\(quotas)}}}}
            """)
        return (law, try law.program("p").subject)
    }

    private func at(_ seconds: UInt64) -> Instant { .origin + .seconds(seconds) }

    @Test("requests in progress are counted, and ended ones make room")
    func requests() throws {
        var (law, subject) = try limited("\"concurrent_requests\": 2")
        let claim = QuotaClaim(promptTokens: 1, keyValuePages: 1)
        let first = try law.admit(subject, claim, now: at(0))
        let second = try law.admit(subject, claim, now: at(0))
        do throws(QuotaExceeded) {
            try law.admit(subject, claim, now: at(0)).abandon()
            Issue.record("a third request was admitted")
        } catch {
            #expect(error.quota == .concurrentRequests && error.limit == 2 && error.retryAfter == nil)
        }
        first.release(to: &law)
        try law.admit(subject, claim, now: at(0)).release(to: &law)
        second.release(to: &law)
        let record = try #require(law.growth.records.last)
        #expect(record.event == .quotaExceeded && record.target == Array("concurrent_requests".utf8))
        #expect(record.subject == "p" && record.number == 2)
    }

    @Test("pages are claimed whole or not at all")
    func pages() throws {
        var (law, subject) = try limited("\"kv_pages\": 10")
        let six = QuotaClaim(promptTokens: 1, keyValuePages: 6)
        let first = try law.admit(subject, six, now: at(0))
        #expect(throws: QuotaExceeded.self) { try law.admit(subject, six, now: at(0)).abandon() }
        let rest = try law.admit(subject, QuotaClaim(promptTokens: 1, keyValuePages: 4), now: at(0))
        first.release(to: &law)
        try law.admit(subject, six, now: at(0)).release(to: &law)
        rest.release(to: &law)
    }

    @Test("tokens come back with time, and a refusal says when")
    func tokens() throws {
        var (law, subject) = try limited("\"tokens_per_minute\": 60")
        func ask(_ tokens: Int, at now: Instant) throws(QuotaExceeded) -> QuotaLease {
            try law.admit(subject, QuotaClaim(promptTokens: tokens, keyValuePages: 0), now: now)
        }
        try ask(40, at: at(100)).release(to: &law)
        do throws(QuotaExceeded) {
            try ask(30, at: at(100)).abandon()
            Issue.record("70 tokens were admitted")
        } catch {
            #expect(error.quota == .tokensPerMinute && error.retryAfter == .seconds(10))
        }
        var lease = try ask(30, at: at(110))
        // The lease counts what has been charged already.
        lease.charge(to: &law, generatedTokens: 25, now: at(110))
        lease.charge(to: &law, generatedTokens: 60, now: at(110))
        lease.release(to: &law)
        #expect(throws: QuotaExceeded.self) { try ask(1, at: at(170)).abandon() }
        try ask(1, at: at(171)).release(to: &law)
    }

    @Test("a prompt that never fits is refused without a time to come back")
    func neverFits() throws {
        var (law, subject) = try limited("\"tokens_per_minute\": 60")
        do throws(QuotaExceeded) {
            try law.admit(subject, QuotaClaim(promptTokens: 61, keyValuePages: 0), now: at(0)).abandon()
            Issue.record("admitted")
        } catch {
            #expect(error.retryAfter == nil)
        }
    }

    @Test("what was refused costs nothing")
    func refusedIsFree() throws {
        var (law, subject) = try limited("\"tokens_per_minute\": 60, \"concurrent_requests\": 1")
        let claim = QuotaClaim(promptTokens: 30, keyValuePages: 0)
        let lease = try law.admit(subject, claim, now: at(0))
        for _ in 0..<100 {
            #expect(throws: QuotaExceeded.self) { try law.admit(subject, claim, now: at(0)).abandon() }
        }
        lease.release(to: &law)
        try law.admit(subject, claim, now: at(0)).release(to: &law)
    }

    @Test("without quotas there are no bounds, and no count overflows")
    func unbounded() throws {
        var (law, subject) = try limited("")
        for _ in 0..<1_000 {
            try law.admit(subject, QuotaClaim(promptTokens: 1 << 40, keyValuePages: 1 << 40), now: at(0)).abandon()
        }
        var lease = try law.admit(subject, QuotaClaim(promptTokens: 0, keyValuePages: 0), now: at(0))
        lease.charge(to: &law, generatedTokens: .max, now: at(0))
        lease.release(to: &law)
        var (strict, strictSubject) = try limited("\"tokens_per_minute\": 1")
        var endless = try strict.admit(strictSubject, QuotaClaim(promptTokens: 0, keyValuePages: 0), now: at(0))
        endless.charge(to: &strict, generatedTokens: .max, now: at(0))
        endless.release(to: &strict)
        #expect(throws: QuotaExceeded.self) {
            try strict.admit(strictSubject, QuotaClaim(promptTokens: 1, keyValuePages: 0), now: at(1 << 30)).abandon()
        }
    }

    @Test("a lease that is dropped stops a debug build")
    func dropped() async {
        await #expect(processExitsWith: .failure) {
            var law = Law(clients: [.init(name: "anonymous", key: [], grants: Law.clientGrants)])
            let subject = try #require(law.subject(named: "anonymous"))
            _ = try law.admit(subject, QuotaClaim(promptTokens: 1, keyValuePages: 1), now: .origin)
        }
    }
}
