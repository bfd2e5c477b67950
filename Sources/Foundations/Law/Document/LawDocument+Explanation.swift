import JSON

/// What a law says to a question, and which of its rules say so.
public struct LawExplanation: Equatable, Sendable {
    public enum Verdict: Equatable, Sendable {
        case granted, learned, denied
    }

    public let verdict: Verdict
    /// Patterns of the subject that grant it.
    public let granting: [TargetPattern]
    /// Patterns of the subject that cover the target and grant other operations.
    public let covering: [LawDocument.Grant]
    public let isSubjectKnown: Bool
}

extension LawExplanation {
    /// `{"verdict": "denied", "subject_known": true, "granted_by": [], "covered_by": {"/model/**": ["read"]}}`
    public func serialized() -> [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        json.member("verdict", verdict == .granted ? "granted" : verdict == .learned ? "learned" : "denied")
        json.member("subject_known", isSubjectKnown)
        json.key("granted_by")
        json.beginArray()
        for pattern in granting { json.value(utf8: pattern.bytes.span) }
        json.endArray()
        json.key("covered_by")
        json.beginObject()
        for grant in covering {
            json.key(utf8: grant.pattern.bytes.span)
            json.value(operations: grant.operations)
        }
        json.endObject()
        json.endObject()
        return json.bytes
    }

    /// What `serialized` wrote; nil for anything else.
    public init?(_ json: JSONObject) {
        guard let name = json["verdict"]?.stringValue, let isKnown = json["subject_known"]?.boolValue,
            let grantedBy = json["granted_by"]?.arrayValue, let coveredBy = json["covered_by"]?.objectValue
        else { return nil }
        let verdicts: [(String, Verdict)] = [("granted", .granted), ("learned", .learned), ("denied", .denied)]
        guard let verdict = verdicts.first(where: { $0.0 == name })?.1 else { return nil }
        self.verdict = verdict
        isSubjectKnown = isKnown
        granting = grantedBy.compactMap { $0.utf8Value.flatMap { try? TargetPattern($0) } }
        covering = coveredBy.members.compactMap { member in
            guard let pattern = try? TargetPattern(member.key.utf8) else { return nil }
            let codes = (member.value.arrayValue ?? []).compactMap { $0.utf8Value.flatMap { OperationCode(name: $0) } }
            return LawDocument.Grant(pattern, codes.reduce(into: []) { $0.formUnion(OperationSet($1)) })
        }
    }
}

extension LawDocument {
    /// Why a subject may or may not do something. The kernel may do everything.
    public func explain(
        subject name: String, _ operation: OperationCode, on path: TargetPath
    ) -> LawExplanation {
        if name == Self.kernelName {
            return LawExplanation(verdict: .granted, granting: [], covering: [], isSubjectKnown: true)
        }
        guard let subject = subjects.first(where: { $0.name == name }) else {
            return LawExplanation(verdict: .denied, granting: [], covering: [], isSubjectKnown: false)
        }
        let covering = subject.grants.filter { $0.pattern.covers(path) }
        let granting = covering.filter { $0.operations.contains(operation) }.map { $0.pattern }
        let verdict: LawExplanation.Verdict = !granting.isEmpty ? .granted : subject.isLearning ? .learned : .denied
        return LawExplanation(
            verdict: verdict, granting: granting, covering: covering.filter { !$0.operations.contains(operation) },
            isSubjectKnown: true)
    }
}
