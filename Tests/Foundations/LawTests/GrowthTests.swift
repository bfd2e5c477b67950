import Law
import MonotonicTime
import Testing

@Suite("The growth bus")
struct GrowthTests {
    @Test(
        "SHA-256 gives the digests of FIPS 180-4's examples",
        arguments: [
            ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            (
                "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
            ),
            (
                String(repeating: "a", count: 1_000_000),
                "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
            ),
        ])
    func sha256(message: String, digest: String) {
        #expect(SHA256.digest(of: Array(message.utf8).span).text == digest)
    }

    @Test(
        "HMAC gives the codes of RFC 4231's test cases 1, 2 and 6",
        arguments: [
            (
                [UInt8](repeating: 0x0B, count: 20), "Hi There",
                "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
            ),
            (
                Array("Jefe".utf8), "what do ya want for nothing?",
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
            ),
            (
                [UInt8](repeating: 0xAA, count: 131), "Test Using Larger Than Block-Size Key - Hash Key First",
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
            ),
        ])
    func hmac(key: [UInt8], message: String, code: String) {
        #expect(authenticationCode(of: Array(message.utf8).span, key: key.span).text == code)
    }

    @Test("pieces of any length hash as the whole")
    func pieces() {
        let message = (0..<300).map { UInt8(truncatingIfNeeded: $0) }
        for cut in 0...message.count {
            var hash = SHA256()
            hash.update(message.span.extracting(..<cut))
            hash.update(message.span.extracting(cut...))
            #expect(hash.finalize() == SHA256.digest(of: message.span))
        }
    }

    @Test("a digest reads back from its digits, and from nothing else")
    func digits() {
        let digest = SHA256.digest(of: [1, 2, 3].span)
        #expect(Digest(hexadecimal: digest.hexadecimal) == digest)
        #expect(Digest(hexadecimal: Array(digest.hexadecimal.dropLast())) == nil)
        #expect(Digest(hexadecimal: Array(digest.text.uppercased().utf8)) == nil)
    }

    private func law(whenFull: String, records: Int = 4, auditKey: [UInt8] = []) throws -> Law {
        Law(
            try document(
                """
                {"format": 1, "growth": {"records": \(records), "when_full": "\(whenFull)"}, "subjects": {
                 "p": {"kind": "program", "grants": {"/model/default": ["infer"], "/law/growth": ["read"]}},
                 "student": {"kind": "program", "grants": {}, "learning": true}}}
                """), auditKey: auditKey)
    }

    @Test("every record holds the hash of the one before, the first one the law's")
    func chain() throws {
        var law = try law(whenFull: "overwrite", records: 100)
        let program = try law.program("p")
        for tick in 0..<20 {
            _ = try law.denial(program, Write.self, "/fs/\(tick)", at: Instant(nanoseconds: UInt64(tick)))
        }
        let records = law.growth.records
        #expect(records.map(\.sequence) == Array(1...20))
        #expect(records[0].previous == SHA256.digest(of: law.document.serialized().span))
        for index in 1..<20 { #expect(records[index].previous == records[index - 1].hash) }
        #expect(records.allSatisfy { $0.isIntact })
        #expect(law.growth.head.sequence == 20 && law.growth.head.hash == records[19].hash)
    }

    @Test("a learning program may do what it is not granted, and each time is recorded")
    func learning() throws {
        var law = try law(whenFull: "overwrite")
        #expect(try law.denial(law.program("student"), Write.self, "/fs/a") == nil)
        let record = try #require(law.growth.records.last)
        #expect(record.event == .learned && record.subject == "student" && record.target == Array("/fs/a".utf8))
        #expect(record.operations == .write)
    }

    @Test("a full bus that may lose nothing stops everything but its readers and the kernel, until it is read")
    func failClosed() throws {
        var law = try law(whenFull: "deny")
        let program = try law.program("p")
        for _ in 0..<4 { #expect(try law.denial(program, Write.self, "/fs/a") == .notGranted) }
        #expect(try law.denial(program, Infer.self, "/model/default") == .logUnkept)
        #expect(try law.denial(law.kernelCapability(), Administer.self, "/system/power") == nil)
        #expect(law.growth.recordedCount == 4 && law.growth.lostCount == 1)
        let permit = try law.check(program, Read.self, on: .growth, now: .origin)
        law.acknowledgeGrowth(permit, upTo: 2)
        #expect(try law.denial(program, Infer.self, "/model/default") == nil)
        #expect(try law.denial(program, Write.self, "/fs/a") == .notGranted)
        #expect(law.growth.records.map(\.sequence) == [2, 3, 4, 5])
    }

    @Test("records are overwritten and counted as lost only when nobody has read them")
    func losses() throws {
        var law = try law(whenFull: "overwrite")
        let program = try law.program("p")
        for _ in 0..<4 { _ = try law.denial(program, Write.self, "/fs/a") }
        law.acknowledgeGrowth(try law.check(program, Read.self, on: .growth, now: .origin), upTo: 3)
        for _ in 0..<6 { _ = try law.denial(program, Write.self, "/fs/a") }
        #expect(law.growth.recordedCount == 10 && law.growth.lostCount == 3)
        #expect(law.growth.records(after: 8).map(\.sequence) == [9, 10])
        #expect(law.growth.records(after: 0).map(\.sequence) == [7, 8, 9, 10])
        #expect(law.growth.records(after: 10).isEmpty && law.growth.records(after: .max).isEmpty)
    }

    @Test("the code of a head is the audit key's, and there is none without one")
    func headCode() throws {
        #expect(try law(whenFull: "overwrite").growth.head.code == nil)
        let key = Array("audit".utf8)
        let head = try law(whenFull: "overwrite", auditKey: key).growth.head
        #expect(head.code == head.expectedCode(key))
        #expect(head.code != head.expectedCode(Array("other".utf8)))
    }
}
