import JSON
import Law
import MonotonicTime
import Testing

@Suite("Changing the law")
struct LawUpdateTests {
    private func text(version: Int, alice: String, extra: String = "") -> String {
        """
        {"format": 1, "version": \(version), "subjects": {
          "alice": {"kind": "key", "key_sha256": "KEY0", "delegation_depth": 1, "grants": {\(alice)}}\(extra)}}
        """
    }

    private func administer(_ law: inout Law) throws(Denial) -> Permit<Administer, LawTarget> {
        try law.check(law.kernelCapability(), Administer.self, on: .law, now: .origin)
    }

    @Test("a capability lives on with its subject's new rights, and so does what came of it")
    func rights() throws {
        var law = try law(text(version: 1, alice: #""/fs/*": ["read"], "/system/metrics": ["read"]"#), keys: ["a"])
        let alice = try law.client("a")
        let child = try law.delegate(alice, DelegationTerms(), now: .origin)
        let numbered = law.target(of: try TargetPath("/fs/x"))
        #expect(numbered != nil)
        #expect(try law.denial(child, Read.self, "/fs/x") == nil)
        let next = try document(text(version: 2, alice: #""/fs/*": ["write"]"#), keys: ["a"])
        try law.replace(administer(&law), with: next, now: .origin)
        for path in ["/fs/x", "/system/metrics"] {
            #expect(try law.denial(alice, Read.self, path) == .notGranted)
            #expect(try law.denial(child, Read.self, path) == .notGranted)
        }
        #expect(try law.denial(child, Write.self, "/fs/x") == nil)
        #expect(law.growth.records.contains { $0.event == .lawReplaced && $0.number == 2 })
    }

    @Test("who is no longer named, or has another key, loses everything; a newcomer gets in")
    func subjects() throws {
        let bob = #", "bob": {"kind": "program", "grants": {"/fs/*": ["read"]}}"#
        var law = try law(text(version: 1, alice: #""/fs/*": ["read"]"#, extra: bob), keys: ["a"])
        let alice = try law.client("a")
        let program = try law.program("bob")
        let carol = #", "carol": {"kind": "program", "grants": {"/fs/*": ["read"]}}"#
        let next = try document(text(version: 2, alice: #""/fs/*": ["read"]"#, extra: carol), keys: ["b"])
        try law.replace(administer(&law), with: next, now: .origin)
        #expect(try law.denial(alice, Read.self, "/fs/x") == .revoked)
        #expect(try law.denial(program, Read.self, "/fs/x") == .revoked)
        let isGone = law.capability(ofProgram: "bob") == nil
        #expect(isGone)
        #expect(throws: NoSuchSubject.self) { _ = try law.client("a") }
        #expect(try law.denial(law.client("b"), Read.self, "/fs/x") == nil)
        #expect(try law.denial(law.program("carol"), Read.self, "/fs/x") == nil)
        #expect(law.name(of: program.subject) == "bob", "a record can still name it")
    }

    @Test("versions only grow; going back restores the rights and raises the version")
    func versions() throws {
        var law = try law(text(version: 5, alice: #""/fs/*": ["read"]"#), keys: ["a"])
        let old = law.document
        for version in [4, 5] {
            let other = try document(text(version: version, alice: ""), keys: ["a"])
            #expect(throws: UpdateError.versionNotNewer(current: 5)) {
                try law.replace(administer(&law), with: other, now: .origin)
            }
        }
        #expect(law.document == old)
        #expect(throws: UpdateError.nothingBefore) { try law.rollBack(administer(&law), now: .origin) }
        try law.replace(administer(&law), with: document(text(version: 6, alice: ""), keys: ["a"]), now: .origin)
        #expect(try law.denial(law.client("a"), Read.self, "/fs/x") == .notGranted)
        try law.rollBack(administer(&law), now: .origin)
        #expect(law.document.version == 7 && law.document.subjects == old.subjects)
        #expect(try law.denial(law.client("a"), Read.self, "/fs/x") == nil)
        #expect(throws: UpdateError.nothingBefore) { try law.rollBack(administer(&law), now: .origin) }
    }

    @Test("a machine that was resumed says so on the growth bus, which stays a chain")
    func restoration() throws {
        var law = try law(text(version: 1, alice: ""), keys: ["a"])
        law.recordRestoration(unixSeconds: 1_800_000_000, now: Instant(nanoseconds: 5))
        law.recordRestoration(unixSeconds: 1_900_000_000, now: Instant(nanoseconds: 6))
        let records = law.growth.records
        #expect(records.map(\.event) == [.restored, .restored])
        #expect(records.map(\.number) == [1_800_000_000, 1_900_000_000])
        #expect(records.allSatisfy { $0.isIntact && $0.subject == "kernel" })
        #expect(records[1].previous == records[0].hash)
    }

    @Test("a rehearsal names the denials that end and the rights in use that go, and changes nothing")
    func rehearsal() throws {
        var law = try law(text(version: 1, alice: #""/system/*": ["read"]"#), keys: ["a"])
        let alice = try law.client("a")
        #expect(try law.denial(alice, Read.self, "/system/metrics") == nil)
        #expect(try law.denial(alice, Infer.self, "/model/default") == .notGranted)
        #expect(try law.denial(alice, Write.self, "/fs/x") == .notGranted)
        let before = law.document
        let next = try document(
            text(version: 2, alice: #""/model/**": ["infer"], "/system/health": ["read"]"#),
            keys: ["a"])
        let changes = law.rehearse(next)
        #expect(changes.count == 2)
        #expect(
            changes.contains {
                $0.isGrantedThen && $0.target == Array("/model/default".utf8)
                    && $0.operations == .infer && $0.subject == "alice"
            })
        #expect(
            changes.contains {
                !$0.isGrantedThen && $0.target == Array("/system/metrics".utf8)
                    && $0.operations == .read
            })
        #expect(law.document == before)
    }

    @Test("the bus keeps its newest records and its chain when its size changes")
    func resizing() throws {
        var law = try law(
            """
            {"format": 1, "subjects": {"p": {"kind": "program", "grants": {}}}, "growth": {"records": 8}}
            """)
        let program = try law.program("p")
        for _ in 0..<11 { _ = try law.denial(program, Read.self, "/x") }
        var next = law.document
        for size in [3, 20, 1] {
            next.version += 1
            next.growthRecords = size
            try law.replace(administer(&law), with: next, now: .origin)
            for _ in 0..<2 { _ = try law.denial(program, Read.self, "/x") }
            let records = law.growth.records
            #expect(records.count <= size && records.last?.sequence == law.growth.recordedCount)
            for (earlier, later) in zip(records, records.dropFirst()) { #expect(later.previous == earlier.hash) }
        }
        #expect(law.growth.lostCount == law.growth.recordedCount - 1)
    }

    @Test("a proposal grants what was denied and nothing else, and keeps what is granted")
    func proposal() throws {
        var law = try law(text(version: 3, alice: #""/fs/x": ["read"], "/model/**": ["read"]"#), keys: ["a"])
        let alice = try law.client("a")
        _ = try law.denial(alice, Write.self, "/fs/x")
        _ = try law.denial(alice, Infer.self, "/model/default")
        _ = try law.denial(alice, Infer.self, "/model/default")
        _ = try law.denial(alice, Read.self, "/fs/x")
        let patch = JSONValue.object(law.document.proposal(for: law.growth.records))
        #expect(
            String(decoding: patch.serialized(), as: UTF8.self) == """
                {"version":4,"subjects":{"alice":{"grants":{"/fs/x":["read","write"],"/model/default":["infer"]}}}}
                """)
        #expect(law.document.proposal(for: []).members.isEmpty)
    }

    @Test("an explanation names the rules that grant, and those that cover and do not")
    func explanation() throws {
        let document = try document(text(version: 1, alice: #""/fs/**": ["read"], "/fs/x": ["write"]"#), keys: ["a"])
        let path = try TargetPath("/fs/x")
        let granted = document.explain(subject: "alice", .write, on: path)
        #expect(granted.verdict == .granted)
        #expect(granted.granting == [try TargetPattern("/fs/x")])
        #expect(granted.covering == [.init(try TargetPattern("/fs/**"), .read)])
        #expect(document.explain(subject: "alice", .infer, on: path).verdict == .denied)
        #expect(!document.explain(subject: "bob", .read, on: path).isSubjectKnown)
        #expect(document.explain(subject: "kernel", .administer, on: path).verdict == .granted)
        let json = try #require(try JSONValue(parsing: granted.serialized()).objectValue)
        #expect(LawExplanation(json) == granted)
    }
}
