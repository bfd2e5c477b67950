import Law
import MonotonicTime
import TestSupport
import Testing

@Suite("Capabilities handed on")
struct DelegationTests {
    let now = Instant(nanoseconds: 5)

    private func agentLaw(depth: Int = 3) throws -> Law {
        try law(
            """
            {"format": 1, "subjects": {"agent": {"kind": "program", "delegation_depth": \(depth),
             "grants": {"/fs/**": ["read", "write"], "/model/**": ["read", "infer"]}}}}
            """)
    }

    private func terms(
        _ operations: OperationSet = .all, _ pattern: String? = nil, expires: Instant = .distantFuture, depth: Int = 0
    ) throws -> DelegationTerms {
        var terms = DelegationTerms()
        terms.operations = operations
        terms.pattern = try pattern.map { try TargetPattern($0) }
        terms.expires = expires
        terms.depth = depth
        return terms
    }

    @Test("a delegated capability has the rights that are left, on kernel targets and on files")
    func narrowing() throws {
        var law = try agentLaw()
        let agent = try law.program("agent")
        let reader = try law.delegate(agent, terms(.read, "/fs/**"), now: now)
        #expect(try law.denial(reader, Read.self, "/fs/a") == nil)
        #expect(try law.denial(reader, Write.self, "/fs/a") == .notGranted)
        #expect(try law.denial(reader, Infer.self, "/model/default") == .notGranted)
        #expect(try law.denial(reader, Read.self, "/model/default") == .notGranted)
        #expect(try law.denial(agent, Write.self, "/fs/a") == nil)
        #expect(try law.denial(agent, Infer.self, "/model/default") == nil)
    }

    @Test("nothing is gained by handing on: not by asking for more, nor through a path that has a number")
    func neverGrows() throws {
        var law = try agentLaw()
        let agent = try law.program("agent")
        let narrow = try law.delegate(agent, terms(.read, "/fs/a/*", depth: 1), now: now)
        let wide = try law.delegate(narrow, terms(.all, "/**"), now: now)
        let numbered = law.target(of: try TargetPath("/fs/b/x"))
        #expect(numbered != nil)
        #expect(try law.denial(wide, Read.self, "/fs/a/x") == nil)
        #expect(try law.denial(wide, Write.self, "/fs/a/x") == .notGranted)
        #expect(try law.denial(wide, Read.self, "/fs/b/x") == .notGranted)
        #expect(try law.denial(wide, Read.self, "/system/power") == .notGranted)
    }

    @Test("depth ends the handing on")
    func depth() throws {
        var law = try agentLaw(depth: 2)
        let first = try law.delegate(law.program("agent"), terms(depth: 9), now: now)
        let second = try law.delegate(first, terms(depth: 9), now: now)
        #expect(throws: DelegationError.depthExhausted) { _ = try law.delegate(second, terms(), now: now) }
        let last = try law.delegate(first, terms(depth: 0), now: now)
        #expect(throws: DelegationError.depthExhausted) { _ = try law.delegate(last, terms(), now: now) }
        var closed = try agentLaw(depth: 0)
        #expect(throws: DelegationError.depthExhausted) {
            _ = try closed.delegate(closed.program("agent"), terms(), now: now)
        }
    }

    @Test("a revocation takes all that came of it, and nothing else")
    func revocation() throws {
        var law = try agentLaw()
        let agent = try law.program("agent")
        let left = try law.delegate(agent, terms(depth: 2), now: now)
        let right = try law.delegate(agent, terms(depth: 2), now: now)
        let leftChild = try law.delegate(left, terms(depth: 1), now: now)
        let leftGrandchild = try law.delegate(leftChild, terms(), now: now)
        law.revoke(left, now: now)
        #expect(try law.denial(left, Read.self, "/fs/a") == .revoked)
        #expect(try law.denial(leftChild, Read.self, "/fs/a") == .revoked)
        #expect(try law.denial(leftGrandchild, Read.self, "/model/default") == .revoked)
        #expect(try law.denial(right, Read.self, "/fs/a") == nil)
        #expect(throws: DelegationError.revoked) { _ = try law.delegate(leftChild, terms(), now: now) }
        // Its place may be taken again; what came of the old one stays worthless.
        let newcomer = try law.delegate(agent, terms(), now: now)
        #expect(try law.denial(newcomer, Read.self, "/fs/a") == nil)
        #expect(try law.denial(leftChild, Read.self, "/fs/a") == .revoked)
        try law.revoke(agent.subject, now: now)
        #expect(try law.denial(right, Read.self, "/fs/a") == .revoked)
        #expect(try law.denial(newcomer, Read.self, "/fs/a") == .revoked)
    }

    @Test("a delegation ends with its time, and so does what came of it")
    func expiry() throws {
        var law = try agentLaw()
        let short = try law.delegate(
            law.program("agent"), terms(expires: Instant(nanoseconds: 100), depth: 1), now: now)
        let child = try law.delegate(short, terms(), now: now)
        #expect(try law.denial(child, Read.self, "/fs/a", at: Instant(nanoseconds: 99)) == nil)
        #expect(try law.denial(child, Read.self, "/fs/a", at: Instant(nanoseconds: 100)) == .expired)
        #expect(try law.denial(short, Read.self, "/model/default", at: Instant(nanoseconds: 100)) == .expired)
    }

    @Test("the places of worthless capabilities are used again; live ones have a limit")
    func places() throws {
        var law = try agentLaw()
        let agent = try law.program("agent")
        for round in 0..<3 {
            let expires = Instant(nanoseconds: UInt64(round + 1) * 100)
            let now = Instant(nanoseconds: UInt64(round) * 100)
            for _ in 0..<Limits.delegationsMax { _ = try law.delegate(agent, terms(expires: expires), now: now) }
            #expect(throws: DelegationError.tooMany) { _ = try law.delegate(agent, terms(), now: now) }
        }
    }

    @Test("random trees of delegations grant exactly what every link leaves")
    func randomTrees() throws {
        var random = SplitMix64(seed: 41)
        var law = try agentLaw(depth: 8)
        let patterns = [nil, "/fs/**", "/fs/a/*", "/model/**", "/**"]
        let paths = ["/fs/a/b", "/fs/c", "/model/default", "/system/power"]
        for _ in 0..<200 {
            var links: [(OperationSet, String?)] = []
            var capability = try law.program("agent")
            for _ in 0...random.next() % 6 {
                let operations = OperationSet(rawValue: UInt8(truncatingIfNeeded: random.next() | random.next()))
                let pattern = patterns[Int(random.next() % 5)]
                links.append((operations, pattern))
                capability = try law.delegate(capability, terms(operations, pattern, depth: 8), now: now)
            }
            for path in paths {
                let own: OperationSet =
                    path.hasPrefix("/fs")
                    ? [.read, .write]
                    : path.hasPrefix("/model")
                        ? [.read, .infer] : []
                let left = try links.reduce(own) { left, link in
                    let covers = try link.1.map { try TargetPattern($0).covers(TargetPath(path)) } ?? true
                    return covers ? left.intersection(link.0) : []
                }
                #expect(try (law.denial(capability, Read.self, path) == nil) == left.contains(.read))
                #expect(try (law.denial(capability, Write.self, path) == nil) == left.contains(.write))
                #expect(try (law.denial(capability, Infer.self, path) == nil) == left.contains(.infer))
            }
        }
    }
}
