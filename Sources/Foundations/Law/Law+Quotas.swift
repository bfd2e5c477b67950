import MonotonicTime

/// What a subject uses of its quotas.
struct QuotaUsage: Sendable {
    /// When all tokens taken so far have been paid for, at the pace of the quota (the generic cell rate algorithm:
    /// one number, and no timer that fills a bucket).
    var paidUntil = Instant.origin
    var requests = 0
    var keyValuePages = 0
}

/// Why a request was turned away for its subject's quotas. The caller answers 429 with the quota's name.
public struct QuotaExceeded: Error, Equatable, Sendable {
    public let quota: Quota
    public let limit: Int
    /// How long until there is room; nil when waiting alone does not help.
    public let retryAfter: Interval?
}

/// What a completion request will use.
public struct QuotaClaim: Equatable, Sendable {
    public var promptTokens: Int
    /// Pages of the KV cache that its sequences may come to hold.
    public var keyValuePages: Int

    public init(promptTokens: Int, keyValuePages: Int) {
        self.promptTokens = promptTokens
        self.keyValuePages = keyValuePages
    }
}

/// What a request under way holds of its subject's quotas, made by `Law.admit` alone. It is given back once: a lease
/// that is dropped would count against its subject for ever, and stops a debug build.
///
/// Frozen, because Embedded Swift allows `discard` in such a type only.
@frozen
public struct QuotaLease: ~Copyable, Sendable {
    public let subject: SubjectID
    let claim: QuotaClaim
    /// Generated tokens that the subject has been charged for.
    private var chargedTokens = 0

    init(subject: SubjectID, claim: QuotaClaim) {
        self.subject = subject
        self.claim = claim
    }

    /// Charges the subject for what the request has generated since the last time. Generated tokens are paid for
    /// afterwards: a reply under way is not cut off, the next request waits.
    ///
    /// - Parameter generatedTokens: all of the request so far.
    public mutating func charge(to law: inout Law, generatedTokens: Int, now: Instant) {
        law.charge(subject, tokens: generatedTokens - chargedTokens, now: now)
        chargedTokens = generatedTokens
    }

    /// Gives back what the request held; the request is over.
    public consuming func release(to law: inout Law) {
        law.release(subject, claim)
        discard self
    }

    /// Ends the lease of a law that is going away itself.
    public consuming func abandon() { discard self }

    deinit { assertionFailure("a quota lease was dropped instead of released") }
}

extension Law {
    /// Takes a request in, whole or not at all, until its lease is released.
    public mutating func admit(
        _ subject: SubjectID, _ claim: QuotaClaim, now: Instant
    ) throws(QuotaExceeded) -> QuotaLease {
        let quotas = subjects[subject.index].rules.quotas
        let usage = subjects[subject.index].usage
        if let limit = quotas.concurrentRequests, usage.requests >= limit {
            throw exceeded(.concurrentRequests, limit, subject, now: now)
        }
        if let limit = quotas.keyValuePages, claim.keyValuePages > limit - usage.keyValuePages {
            throw exceeded(.keyValuePages, limit, subject, now: now)
        }
        if let limit = quotas.tokensPerMinute {
            let price = Self.price(of: claim.promptTokens, perMinute: limit)
            let paidUntil = max(usage.paidUntil, now) + price
            let latest = now + Limits.tokenWindow
            if paidUntil > latest {
                let canEverFit = price <= Limits.tokenWindow
                throw exceeded(.tokensPerMinute, limit, subject, canEverFit ? paidUntil - latest : nil, now: now)
            }
            subjects[subject.index].usage.paidUntil = paidUntil
        }
        subjects[subject.index].usage.requests += 1
        subjects[subject.index].usage.keyValuePages += claim.keyValuePages
        return QuotaLease(subject: subject, claim: claim)
    }

    fileprivate mutating func release(_ subject: SubjectID, _ claim: QuotaClaim) {
        subjects[subject.index].usage.requests -= 1
        subjects[subject.index].usage.keyValuePages -= claim.keyValuePages
    }

    fileprivate mutating func charge(_ subject: SubjectID, tokens: Int, now: Instant) {
        guard let limit = subjects[subject.index].rules.quotas.tokensPerMinute else { return }
        let paidUntil = subjects[subject.index].usage.paidUntil
        subjects[subject.index].usage.paidUntil = max(paidUntil, now) + Self.price(of: tokens, perMinute: limit)
    }

    /// The bounds of a subject.
    public func quotas(of subject: SubjectID) -> Quotas { subjects[subject.index].rules.quotas }

    /// A subject's share of the model relative to others'.
    public func weight(of subject: SubjectID) -> Int { subjects[subject.index].rules.weight }

    private static func price(of tokens: Int, perMinute limit: Int) -> Interval {
        let whole = Limits.tokenWindow * UInt64(max(tokens, 0))
        return whole / UInt64(max(limit, 1))
    }

    private mutating func exceeded(
        _ quota: Quota, _ limit: Int, _ subject: SubjectID, _ retryAfter: Interval? = nil, now: Instant
    ) -> QuotaExceeded {
        record(.quotaExceeded, subject, target: quota.name.utf8Bytes, [], number: UInt64(limit), now: now)
        return QuotaExceeded(quota: quota, limit: limit, retryAfter: retryAfter)
    }
}
