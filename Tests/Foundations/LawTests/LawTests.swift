import Law
import MonotonicTime
import Testing

@Suite("The law")
struct LawTests {
    let now = Instant(nanoseconds: 7)

    private func law(keys: [String], growthCapacity: Int = 64) -> Law {
        let clients = keys.map { Law.Client(name: "client \($0)", key: Array($0.utf8), grants: Law.clientGrants) }
        return Law(clients: clients, growthCapacity: growthCapacity)
    }

    private struct NoSuchClient: Error {}

    private func client(of law: Law, key: String) throws -> Capability {
        guard let capability = law.authenticate(bearer: Array(key.utf8).span) else { throw NoSuchClient() }
        return capability
    }

    @Test("a granted operation yields a permit for exactly that target")
    func grant() throws {
        var law = law(keys: ["k"])
        let capability = try client(of: law, key: "k")
        let permit = try law.check(capability, Infer.self, on: .model, now: now)
        #expect(type(of: permit.target).target == .model)
        #expect(law.name(of: permit.subject) == "client k")
        #expect(law.growth.records.isEmpty)
    }

    @Test("whatever is not granted is denied, and the denial is recorded")
    func denial() throws {
        var law = law(keys: ["k"])
        let capability = try client(of: law, key: "k")
        var denied = 0
        for target in Target.known where target != .model {
            do throws(Denial) {
                let permit = try law.check(capability, Infer.self, on: target, now: now)
                Issue.record("infer was granted on \(law.path(of: permit.target).text)")
            } catch {
                denied += 1
                #expect(error.path == law.path(of: target))
                #expect(error.operation == .infer)
                #expect(error.reason == .notGranted)
                #expect(error.time == now)
            }
        }
        #expect(law.growth.records.count == denied)
    }

    @Test("a client can never stop the machine; the kernel can")
    func power() throws {
        var law = law(keys: ["k"])
        do {
            _ = try law.check(client(of: law, key: "k"), Administer.self, on: .power, now: now)
            Issue.record("a client stopped the machine")
        } catch is Denial {}
        _ = try law.check(law.kernelCapability(), Administer.self, on: .power, now: now)
    }

    @Test("with keys configured, no key and a wrong key get no capability")
    func authentication() {
        let law = law(keys: ["right", "also right"])
        #expect(law.requiresKey)
        for wrong in ["", "r", "righ", "right ", "RIGHT", "rightright"] {
            let isKnown = law.authenticate(bearer: Array(wrong.utf8).span) != nil
            #expect(!isKnown, "\(wrong) was taken for a key")
        }
        let anonymous = law.authenticate(bearer: nil) != nil
        #expect(!anonymous)
        let known = law.authenticate(bearer: Array("also right".utf8).span) != nil
        #expect(known)
    }

    @Test("without keys, anybody is the anonymous client, whatever key is sent along")
    func anonymous() {
        let law = Law(clients: [.init(name: "anonymous", key: [], grants: Law.clientGrants)])
        #expect(!law.requiresKey)
        let none = law.authenticate(bearer: nil) != nil
        let some = law.authenticate(bearer: Array("sk-anything".utf8).span) != nil
        #expect(none && some)
    }

    @Test("revocation makes a capability worthless at once")
    func revocation() throws {
        var law = law(keys: ["k"])
        let capability = try client(of: law, key: "k")
        let subject = try law.check(capability, Read.self, on: .health, now: now).subject
        try law.revoke(subject, now: now)
        do throws(Denial) {
            _ = try law.check(capability, Read.self, on: .health, now: now)
            Issue.record("a revoked capability was accepted")
        } catch {
            #expect(error.reason == .revoked)
        }
    }

    @Test("a flood of denials keeps the newest records, in order, and counts the lost ones")
    func flood() throws {
        var law = law(keys: ["k"], growthCapacity: 4)
        let capability = try client(of: law, key: "k")
        for tick in 0..<10 {
            do throws(Denial) {
                _ = try law.check(capability, Administer.self, on: .power, now: Instant(nanoseconds: UInt64(tick)))
            } catch {}
        }
        #expect(law.growth.records.map(\.time.nanoseconds) == [6, 7, 8, 9])
        #expect(law.growth.lostCount == 6)
        #expect(law.growth.recordedCount == 10)
    }
}
