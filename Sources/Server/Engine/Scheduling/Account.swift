import Law

/// One subject's part in the service: its slots, and what has been computed for it.
///
/// Virtual time is work divided by weight (start-time fair queueing; Goyal, Vin and Cheng 1996). The subject with the
/// least of it is served next, so that over time subjects get work in proportion to their weights, however many
/// requests each sends.
final class Account {
    let subject: SubjectID
    /// The share of the service, relative to others'.
    var weight = 1
    fileprivate(set) var virtualTime: UInt64 = 0
    var waitingCount = 0
    var runningCount = 0

    fileprivate init(subject: SubjectID) { self.subject = subject }

    /// Whether its requests take part in the competition.
    var isActive: Bool { waitingCount > 0 || runningCount > 0 }

    /// Records work done, in prompt tokens.
    func charge(_ tokenCount: Int) {
        virtualTime &+= UInt64(tokenCount) &* EngineLimits.virtualTimePerToken / UInt64(weight)
    }

    /// Whether it is further below its fair share of the slots than `other`, once each has gained as many as given.
    func isFurtherBelowShare(than other: Account, gaining: Int = 0, otherGaining: Int = 0) -> Bool {
        (runningCount + gaining) * other.weight < (other.runningCount + otherGaining) * weight
    }
}

/// The accounts of all subjects that are being served, or were lately.
struct Accounts {
    private var accounts: [Account] = []
    /// The virtual time that newcomers start from: the least of any active account, and never less than before.
    private var virtualNow: UInt64 = 0

    /// The subject's account. One that was idle joins at the present virtual time: it has no claim to what it did not
    /// ask for, and what it had beyond its share still counts against it.
    mutating func account(of subject: SubjectID, weight: Int) -> Account {
        var least = UInt64.max
        for account in accounts where account.isActive { least = min(least, account.virtualTime) }
        if least != .max { virtualNow = max(virtualNow, least) }
        let found = accounts.first { $0.subject == subject }
        let account = found ?? Account(subject: subject)
        let weights = LawDocument.Subject.weights
        account.weight = min(max(weight, weights.lowerBound), weights.upperBound)
        if !account.isActive { account.virtualTime = max(account.virtualTime, virtualNow) }
        if found == nil {
            let now = virtualNow
            accounts.removeAll { !$0.isActive && $0.virtualTime <= now }
            accounts.append(account)
        }
        return account
    }

    /// What the subject has waiting; zero for one without an account.
    func waitingCount(of subject: SubjectID) -> Int {
        accounts.first { $0.subject == subject }?.waitingCount ?? 0
    }

    /// Subjects between which the service is divided while `account` has requests.
    func competitorCount(with account: Account) -> Int {
        accounts.count { $0.isActive || $0 === account }
    }

    /// Sequences that get a slot before the next one of `account`: its own, and of every other subject as many and one
    /// more, for subjects take turns.
    func waitingCount(ahead account: Account) -> Int {
        accounts.reduce(0) { count, other in
            count + (other === account ? other.waitingCount : min(other.waitingCount, account.waitingCount + 1))
        }
    }

    /// The account with most slots in proportion to its weight.
    var largest: Account? {
        var largest: Account?
        for account in accounts {
            guard let best = largest else {
                largest = account
                continue
            }
            if best.isFurtherBelowShare(than: account) { largest = account }
        }
        return largest
    }
}
