import JSON
import Law
import MonotonicTime
import TestSupport
import Testing

@Suite("raw.json")
struct LawDocumentTests {
    static let example = """
        {
          "$schema": "https://example.org/raw.schema.json",
          "format": 1,
          "version": 7,
          "subjects": {
            "alice": {
              "kind": "key",
              "key_sha256": "KEY0",
              "grants": { "/model/**": ["read", "infer"], "/system/health": ["read"] },
              "quotas": { "tokens_per_minute": 6000, "concurrent_requests": 2, "kv_pages": 64 },
              "weight": 3,
              "delegation_depth": 2
            },
            "public": { "kind": "anonymous", "grants": {} },
            "summarise": {
              "kind": "program",
              "grants": { "/fs/notes/*": ["read", "append"] },
              "quotas": { "heap_bytes": 1048576, "fuel_per_second": 1000000 },
              "learning": true
            }
          },
          "growth": { "records": 16, "when_full": "deny" }
        }
        """

    @Test("every field is read")
    func everyField() throws {
        let document = try document(Self.example, keys: ["a"])
        #expect(document.version == 7)
        #expect(document.growthRecords == 16)
        #expect(document.whenGrowthIsFull == .deny)
        #expect(document.subjects.map(\.name) == ["alice", "public", "summarise"])
        let alice = document.subjects[0]
        #expect(alice.kind == .key(SHA256.digest(of: Array("a".utf8).span)))
        #expect(
            alice.grants == [
                .init(try TargetPattern("/model/**"), [.read, .infer]),
                .init(try TargetPattern("/system/health"), .read),
            ])
        #expect(alice.quotas.tokensPerMinute == 6000 && alice.quotas.concurrentRequests == 2)
        #expect(alice.quotas.keyValuePages == 64 && alice.quotas.heapBytes == nil)
        #expect(alice.delegationDepth == 2 && !alice.isLearning)
        #expect(document.subjects.map(\.weight) == [3, 1, 1])
        #expect(document.subjects[1].kind == .anonymous)
        let program = document.subjects[2]
        #expect(program.kind == .program && program.isLearning)
        #expect(program.quotas.heapBytes == 1 << 20 && program.quotas.fuelPerSecond == 1_000_000)
    }

    @Test("what is written reads back as the same law")
    func roundTrip() throws {
        let document = try document(Self.example, keys: ["a"])
        #expect(try LawDocument(parsing: document.serialized()) == document)
    }

    /// The text between `<` and `>` is what the message must point at.
    @Test(
        "mistakes are named with their place, their field, and what to write instead",
        arguments: [
            ("<", "1:1: not JSON: the text ends too early"),
            ("{\n  \"format\": 1,\n  <oops\n}", "3:3: not JSON: expected a member name in quotes"),
            ("<[]", "1:1: expected an object"),
            ("<{\"subjects\": {}}", "\"format\": 1 is missing"),
            ("<{\"format\": 1}", "\"subjects\" is missing"),
            ("{<\"format\": 2, \"subjects\": {}}", "format: this system knows format 1 only"),
            ("{\"format\": 1,\n <\"subject\": {}}", "2:2: subject: no such field; there are $schema, format,"),
            ("{\"format\": 1, \"subjects\": {}, <\"subjects\": {}}", "subjects: this name stands here twice"),
            ("{\"format\": 1, \"version\": 1, <\"version\": -1}", "version: this name stands here twice"),
            ("{\"format\": 1, <\"version\": 1.5, \"subjects\": {}}", "version: expected a whole number from 0 to"),
            (
                "{\"format\": 1, \"subjects\": {}, \"growth\": {<\"records\": 0}}",
                "growth.records: expected a whole number"
            ),
            (
                "{\"format\": 1, \"subjects\": {}, \"growth\": {<\"when_full\": \"panic\"}}",
                "growth.when_full: expected"
            ),
            (
                "{\"format\": 1, \"subjects\": {\n<\"a b\": {}}}",
                "2:1: subjects[\"a b\"]: a subject's name holds visible"
            ),
            ("{\"format\": 1, \"subjects\": {<\"\": {}}}", "subjects[\"\"]: a subject's name has 1 to 64 bytes"),
            ("{\"format\": 1, \"subjects\": {<\"kernel\": {}}}", "subjects.kernel: the kernel's own rights"),
            ("{\"format\": 1, \"subjects\": {<\"a\": 1}}", "subjects.a: expected an object"),
            ("{\"format\": 1, \"subjects\": {<\"a\": {}}}", "subjects.a: \"kind\" must be \"key\", \"anonymous\" or"),
            ("{\"format\": 1, \"subjects\": {\"a\": {<\"kind\": \"user\"}}}", "subjects.a.kind: \"kind\" must be"),
            (subject("<", "\"kind\": \"key\", \"grants\": {}"), "\"key_sha256\" is missing: 'printf"),
            (subject("", "\"kind\": \"key\", <\"key_sha256\": \"AB\", \"grants\": {}"), "64 lower"),
            (subject("", "\"kind\": \"program\", <\"key_sha256\": \"\""), "only a subject of kind"),
            (subject("<", "\"kind\": \"program\""), "\"grants\" is missing; {} grants nothing"),
            (program("\"grants\": {<\"model\": [\"read\"]}"), "subjects.p.grants.model: a path begins with '/'"),
            (
                program("\"grants\": {<\"/a*\": [\"read\"]}"),
                "subjects.p.grants[\"/a*\"]: '*' stands for a whole segment"
            ),
            (program("\"grants\": {<\"/a\": []}"), "subjects.p.grants[\"/a\"]: expected a list of operations"),
            (program("\"grants\": {\"/a\": [\"read\",\n <\"raed\"]}"), "grants[\"/a\"][1]: no such operation; there"),
            (program("\"grants\": {\"/a\": [\"read\"], <\"/a\": [\"write\"]}"), "this name stands here twice"),
            (
                program("\"grants\": {}, \"quotas\": {<\"tokens\": 1}"),
                "quotas.tokens: no such field; there are tokens_per"
            ),
            (
                program("\"grants\": {}, \"quotas\": {<\"kv_pages\": 0}"),
                "quotas.kv_pages: expected a whole number from 1"
            ),
            (program("\"grants\": {}, <\"weight\": 0"), "subjects.p.weight: expected a whole number from 1 to 100"),
            (program("\"grants\": {}, <\"weight\": 101"), "weight: expected a whole number from 1 to 100"),
            (program("\"grants\": {}, <\"weight\": 1.5"), "weight: expected a whole number from 1 to 100"),
            (
                program("\"grants\": {}, <\"delegation_depth\": 9"),
                "delegation_depth: expected a whole number from 0 to 8"
            ),
            (program("\"grants\": {}, <\"learning\": 1"), "learning: expected true or false"),
            (
                "{\"format\": 1, \"subjects\": {\"a\": "
                    + "{\"kind\": \"anonymous\", \"grants\": {}, <\"learning\": true}}}",
                "subjects.a.learning: only programs can learn"
            ),
            (
                "{\"format\": 1, \"subjects\": {\"a\": {\"kind\": \"anonymous\", \"grants\": {}},\n"
                    + "<\"b\": {\"kind\": \"anonymous\", \"grants\": {}}}}",
                "2:1: subjects.b: there can be one anonymous"
            ),
        ])
    func mistake(marked: String, message: String) throws {
        let parts = marked.split(separator: "<", omittingEmptySubsequences: false)
        let text = parts.joined()
        let offset = parts.count > 1 ? parts[0].utf8.count : 0
        do throws(LawError) {
            _ = try LawDocument(parsing: Array(text.utf8))
            Issue.record("accepted: \(text)")
        } catch {
            #expect(error.location == JSONLocation(offset: offset, in: Array(text.utf8).span), "\(error.message)")
            #expect(error.message.contains(message), "\(error.message)")
        }
    }

    private static func subject(_ mark: String, _ fields: String) -> String {
        "{\"format\": 1, \"subjects\": {\(mark)\"a\": {\(fields)}}}"
    }

    private static func program(_ fields: String) -> String {
        "{\"format\": 1, \"subjects\": {\"p\": {\"kind\": \"program\", \(fields)}}}"
    }

    @Test("two subjects cannot share a key")
    func sharedKey() throws {
        let text = """
            {"format": 1, "subjects": {
              "a": {"kind": "key", "key_sha256": "KEY0", "grants": {}},
              "b": {"kind": "key", "key_sha256": "KEY0", "grants": {}}}}
            """
        let error = try #require(throws: LawError.self) { try document(text, keys: ["k"]) }
        #expect(error.message.hasPrefix("3:"), "\(error.message)")
        #expect(error.message.contains("another subject has the same key"))
    }

    @Test("a law may be as large as its limits, and no larger")
    func limits() throws {
        func text(subjects: Int, grants: Int) -> [UInt8] {
            let grants = (0..<grants).map { "\"/a\($0)\": [\"read\"]" }.joined(separator: ",")
            let subjects = (0..<subjects).map { "\"s\($0)\": {\"kind\": \"program\", \"grants\": {\(grants)}}" }
            return Array("{\"format\": 1, \"subjects\": {\(subjects.joined(separator: ","))}}".utf8)
        }
        _ = try LawDocument(parsing: text(subjects: 1, grants: Limits.grantsPerSubjectMax))
        #expect(throws: LawError.self) {
            try LawDocument(parsing: text(subjects: 1, grants: Limits.grantsPerSubjectMax + 1))
        }
        _ = try LawDocument(parsing: text(subjects: Limits.subjectsMax, grants: 0))
        #expect(throws: LawError.self) { try LawDocument(parsing: text(subjects: Limits.subjectsMax + 1, grants: 0)) }
        let padding = [UInt8](repeating: 0x20, count: Limits.documentBytesMax)
        #expect(throws: LawError.self) { try LawDocument(parsing: text(subjects: 1, grants: 0) + padding) }
    }

    @Test("a damaged law is refused, or is another law: nothing traps")
    func damage() throws {
        var random = SplitMix64(seed: 3)
        let text = Self.example.replacingKeys
        var accepted = 0
        for _ in 0..<3_000 {
            var damaged = text
            for _ in 0...random.next() % 3 {
                let index = Int(random.next() % UInt64(damaged.count))
                switch random.next() % 3 {
                case 0: damaged[index] = UInt8(truncatingIfNeeded: random.next())
                case 1: damaged.remove(at: index)
                default: damaged.insert(damaged[Int(random.next() % UInt64(damaged.count))], at: index)
                }
            }
            do throws(LawError) {
                let document = try LawDocument(parsing: damaged)
                #expect(try LawDocument(parsing: document.serialized()) == document)
                accepted += 1
            } catch {
                #expect(error.location.line >= 1 && error.location.column >= 1)
            }
        }
        #expect(accepted > 0)
    }
}

extension String {
    /// With a digest for `KEY0`.
    fileprivate var replacingKeys: [UInt8] {
        Array(split(separator: "KEY0", omittingEmptySubsequences: false).joined(separator: Digest.zero.text).utf8)
    }
}
