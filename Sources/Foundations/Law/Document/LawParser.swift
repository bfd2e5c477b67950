import JSON

extension LawDocument {
    /// Reads `raw.json`. Every field is known or refused: a misspelt one must not grant less, or more, in silence.
    public init(parsing text: [UInt8]) throws(LawError) {
        self = try LawParser(text: text).document()
    }
}

/// From text to a law: the shape is checked here, field by field.
struct LawParser {
    let text: [UInt8]

    func document() throws(LawError) -> LawDocument {
        guard text.count <= Limits.documentBytesMax else {
            throw failure(FieldPath(), "a law has at most \(Limits.documentBytesMax) bytes, this one \(text.count)")
        }
        let root = FieldPath()
        let object = try object(try value(), root, allowed: ["$schema", "format", "version", "subjects", "growth"])
        guard let format = object["format"] else { throw failure(root, "\"format\": 1 is missing") }
        guard format.intValue == 1 else {
            throw failure(root.appending("format"), "this system knows format 1 only")
        }
        var document = LawDocument()
        if let version = object["version"] {
            document.version = try integer(version, root.appending("version"), in: 0...Limits.quotaMax)
        }
        guard let subjects = object["subjects"] else { throw failure(root, "\"subjects\" is missing") }
        document.subjects = try self.subjects(subjects, root.appending("subjects"))
        if let growth = object["growth"] { try readGrowth(growth, root.appending("growth"), into: &document) }
        return document
    }

    private func value() throws(LawError) -> JSONValue {
        do throws(JSONError) {
            return try JSONValue(parsing: text)
        } catch {
            throw LawError(
                location: JSONLocation(offset: error.offset, in: text.span), field: "",
                problem: "not JSON: " + error.reason.text)
        }
    }

    private func readGrowth(
        _ value: JSONValue, _ path: FieldPath, into document: inout LawDocument
    ) throws(LawError) {
        let object = try object(value, path, allowed: ["records", "when_full"])
        if let records = object["records"] {
            document.growthRecords = try integer(records, path.appending("records"), in: 1...Limits.growthRecordsMax)
        }
        guard let choice = object["when_full"] else { return }
        switch choice.stringValue {
        case "overwrite": document.whenGrowthIsFull = .overwrite
        case "deny": document.whenGrowthIsFull = .deny
        default: throw failure(path.appending("when_full"), "expected \"overwrite\" or \"deny\"")
        }
    }
}

// MARK: - Subjects

extension LawParser {
    private func subjects(_ value: JSONValue, _ path: FieldPath) throws(LawError) -> [LawDocument.Subject] {
        let members = try object(value, path, allowed: nil).members
        guard members.count <= Limits.subjectsMax else {
            throw failure(path, "a law has at most \(Limits.subjectsMax) subjects, this one \(members.count)")
        }
        var subjects: [LawDocument.Subject] = []
        var digests: Set<Digest> = []
        var hasAnonymous = false
        for member in members {
            let path = path.appending(member.key)
            let subject = try subject(member.key, member.value, path)
            switch subject.kind {
            case .key(let digest):
                guard digests.insert(digest).inserted else {
                    throw failure(path.appending("key_sha256"), "another subject has the same key")
                }
            case .anonymous:
                if hasAnonymous { throw failure(path, "there can be one anonymous subject only") }
                hasAnonymous = true
            case .program: break
            }
            subjects.append(subject)
        }
        return subjects
    }

    private func subject(
        _ name: JSONString, _ value: JSONValue, _ path: FieldPath
    ) throws(LawError) -> LawDocument.Subject {
        try checkName(name, path)
        let fields = try object(
            value, path, allowed: ["kind", "key_sha256", "grants", "quotas", "weight", "delegation_depth", "learning"])
        let kind = try kind(fields, path)
        var subject = LawDocument.Subject(name: name.text, kind: kind)
        guard let grants = fields["grants"] else { throw failure(path, "\"grants\" is missing; {} grants nothing") }
        subject.grants = try self.grants(grants, path.appending("grants"))
        if let quotas = fields["quotas"] { subject.quotas = try self.quotas(quotas, path.appending("quotas")) }
        if let weight = fields["weight"] {
            subject.weight = try integer(weight, path.appending("weight"), in: LawDocument.Subject.weights)
        }
        if let depth = fields["delegation_depth"] {
            subject.delegationDepth = try integer(
                depth, path.appending("delegation_depth"), in: 0...Limits.delegationLinksMax)
        }
        if let learning = fields["learning"] {
            guard let isLearning = learning.boolValue else {
                throw failure(path.appending("learning"), "expected true or false")
            }
            guard kind == .program || !isLearning else {
                throw failure(path.appending("learning"), "only programs can learn: a key would be allowed everything")
            }
            subject.isLearning = isLearning
        }
        return subject
    }

    private func checkName(_ name: JSONString, _ path: FieldPath) throws(LawError) {
        guard 1...Limits.nameBytesMax ~= name.utf8.count else {
            throw failure(path, "a subject's name has 1 to \(Limits.nameBytesMax) bytes")
        }
        guard name.utf8.allSatisfy({ 0x21...0x7E ~= $0 }) else {
            throw failure(path, "a subject's name holds visible ASCII only, without spaces")
        }
        if name == LawDocument.kernelName { throw failure(path, "the kernel's own rights are not for a law to change") }
    }

    private func kind(_ fields: JSONObject, _ path: FieldPath) throws(LawError) -> LawDocument.Kind {
        let digest = fields["key_sha256"]
        let kindPath = path.appending("kind")
        let kind: LawDocument.Kind
        switch fields["kind"]?.stringValue {
        case "key":
            guard let digest else {
                throw failure(path, "\"key_sha256\" is missing: 'printf %s KEY | sha256sum' makes it")
            }
            guard let value = digest.utf8Value.flatMap({ Digest(hexadecimal: $0) }) else {
                throw failure(path.appending("key_sha256"), "expected 64 lower-case hexadecimal digits")
            }
            return .key(value)
        case "anonymous": kind = .anonymous
        case "program": kind = .program
        default:
            let place = fields["kind"] == nil ? path : kindPath
            throw failure(place, "\"kind\" must be \"key\", \"anonymous\" or \"program\"")
        }
        if digest != nil { throw failure(path.appending("key_sha256"), "only a subject of kind \"key\" has one") }
        return kind
    }

    private func grants(_ value: JSONValue, _ path: FieldPath) throws(LawError) -> [LawDocument.Grant] {
        let members = try object(value, path, allowed: nil).members
        guard members.count <= Limits.grantsPerSubjectMax else {
            throw failure(path, "a subject has at most \(Limits.grantsPerSubjectMax) grants, this one \(members.count)")
        }
        var grants: [LawDocument.Grant] = []
        for member in members {
            let path = path.appending(member.key)
            let pattern: TargetPattern
            do throws(PathError) {
                pattern = try TargetPattern(member.key.utf8)
            } catch {
                throw failure(path, error.message)
            }
            grants.append(LawDocument.Grant(pattern, try operations(member.value, path)))
        }
        return grants
    }

    private func operations(_ value: JSONValue, _ path: FieldPath) throws(LawError) -> OperationSet {
        guard let elements = value.arrayValue, !elements.isEmpty else {
            throw failure(path, "expected a list of operations: [\"read\", \"infer\"]")
        }
        var operations: OperationSet = []
        for (index, element) in elements.enumerated() {
            guard let code = element.utf8Value.flatMap({ OperationCode(name: $0) }) else {
                let names = OperationCode.allCases.map { $0.name.text }.joined(separator: ", ")
                throw failure(path.appending(.element(index)), "no such operation; there are \(names)")
            }
            operations.formUnion(OperationSet(code))
        }
        return operations
    }

    private func quotas(_ value: JSONValue, _ path: FieldPath) throws(LawError) -> Quotas {
        let object = try object(value, path, allowed: Quota.allCases.map { $0.name.text })
        var quotas = Quotas()
        for quota in Quota.allCases {
            guard let value = object[quota.name.text] else { continue }
            let path = path.appending(JSONString(quota.name.text))
            quotas[quota] = try integer(value, path, in: 1...Limits.quotaMax)
        }
        return quotas
    }
}

// MARK: - Shapes

extension LawParser {
    /// An object whose names differ and, unless `allowed` is nil, are among these.
    private func object(
        _ value: JSONValue, _ path: FieldPath, allowed: [String]?
    ) throws(LawError) -> JSONObject {
        guard let object = value.objectValue else { throw failure(path, "expected an object") }
        var names: Set<JSONString> = []
        for member in object.members {
            let path = path.appending(member.key)
            guard names.insert(member.key).inserted else { throw failure(path, "this name stands here twice") }
            guard let allowed, !allowed.contains(where: { member.key == $0 }) else { continue }
            throw failure(path, "no such field; there are \(allowed.joined(separator: ", "))")
        }
        return object
    }

    private func integer(_ value: JSONValue, _ path: FieldPath, in range: ClosedRange<Int>) throws(LawError) -> Int {
        guard let integer = value.intValue, range.contains(integer) else {
            throw failure(path, "expected a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return integer
    }

    private func failure(_ path: FieldPath, _ problem: String) -> LawError {
        let location = JSONLocation(of: path.steps, in: text.span) ?? JSONLocation(offset: 0, in: text.span)
        return LawError(location: location, field: path.text, problem: problem)
    }
}
