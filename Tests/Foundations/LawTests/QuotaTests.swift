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
        try law.admit(subject, claim, now: at(0))
        try law.admit(subject, claim, now: at(0))
        do throws(QuotaExceeded) {
            try law.admit(subject, claim, now: at(0))
            Issue.record("a third request was admitted")
        } catch {
            #expect(error.quota == .concurrentRequests && error.limit == 2 && error.retryAfter == nil)
        }
        law.release(subject, claim)
        try law.admit(subject, claim, now: at(0))
        let record = try #require(law.growth.records.last)
        #expect(record.event == .quotaExceeded && record.target == Array("concurrent_requests".utf8))
        #expect(record.subject == "p" && record.number == 2)
    }

    @Test("pages are claimed whole or not at all")
    func pages() throws {
        var (law, subject) = try limited("\"kv_pages\": 10")
        let six = QuotaClaim(promptTokens: 1, keyValuePages: 6)
        try law.admit(subject, six, now: at(0))
        #expect(throws: QuotaExceeded.self) { try law.admit(subject, six, now: at(0)) }
        try law.admit(subject, QuotaClaim(promptTokens: 1, keyValuePages: 4), now: at(0))
        law.release(subject, six)
        try law.admit(subject, six, now: at(0))
    }

    @Test("tokens come back with time, and a refusal says when")
    func tokens() throws {
        var (law, subject) = try limited("\"tokens_per_minute\": 60")
        func ask(_ tokens: Int, at now: Instant) throws(QuotaExceeded) {
            try law.admit(subject, QuotaClaim(promptTokens: tokens, keyValuePages: 0), now: now)
        }
        try ask(40, at: at(100))
        do throws(QuotaExceeded) {
            try ask(30, at: at(100))
            Issue.record("70 tokens were admitted")
        } catch {
            #expect(error.quota == .tokensPerMinute && error.retryAfter == .seconds(10))
        }
        try ask(30, at: at(110))
        law.charge(subject, tokens: 60, now: at(110))
        #expect(throws: QuotaExceeded.self) { try ask(1, at: at(170)) }
        try ask(1, at: at(171))
    }

    @Test("a prompt that never fits is refused without a time to come back")
    func neverFits() throws {
        var (law, subject) = try limited("\"tokens_per_minute\": 60")
        do throws(QuotaExceeded) {
            try law.admit(subject, QuotaClaim(promptTokens: 61, keyValuePages: 0), now: at(0))
            Issue.record("admitted")
        } catch {
            #expect(error.retryAfter == nil)
        }
    }

    @Test("what was refused costs nothing")
    func refusedIsFree() throws {
        var (law, subject) = try limited("\"tokens_per_minute\": 60, \"concurrent_requests\": 1")
        let claim = QuotaClaim(promptTokens: 30, keyValuePages: 0)
        try law.admit(subject, claim, now: at(0))
        for _ in 0..<100 { #expect(throws: QuotaExceeded.self) { try law.admit(subject, claim, now: at(0)) } }
        law.release(subject, claim)
        try law.admit(subject, claim, now: at(0))
    }

    @Test("without quotas there are no bounds, and no count overflows")
    func unbounded() throws {
        var (law, subject) = try limited("")
        for _ in 0..<1_000 {
            try law.admit(subject, QuotaClaim(promptTokens: 1 << 40, keyValuePages: 1 << 40), now: at(0))
        }
        law.charge(subject, tokens: .max, now: at(0))
        var (strict, strictSubject) = try limited("\"tokens_per_minute\": 1")
        strict.charge(strictSubject, tokens: .max, now: at(0))
        #expect(throws: QuotaExceeded.self) {
            try strict.admit(strictSubject, QuotaClaim(promptTokens: 1, keyValuePages: 0), now: at(1 << 30))
        }
    }
}
