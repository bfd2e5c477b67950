import JSON

extension LawDocument {
    /// The law as the text of a `raw.json`: reading it gives the same law.
    public func serialized() -> [UInt8] {
        var json = JSONWriter(style: .pretty)
        json.beginObject()
        json.member("format", 1)
        json.member("version", version)
        json.key("subjects")
        json.beginObject()
        for subject in subjects { subject.write(to: &json) }
        json.endObject()
        json.key("growth")
        json.beginObject()
        json.member("records", growthRecords)
        json.member("when_full", whenGrowthIsFull == .deny ? "deny" : "overwrite")
        json.endObject()
        json.endObject()
        return json.bytes + [UInt8(ascii: "\n")]
    }
}

extension LawDocument.Subject {
    fileprivate func write(to json: inout JSONWriter) {
        json.key(name)
        json.beginObject()
        switch kind {
        case .key(let digest):
            json.member("kind", "key")
            json.member("key_sha256", utf8: digest.hexadecimal.span)
        case .anonymous: json.member("kind", "anonymous")
        case .program: json.member("kind", "program")
        }
        json.key("grants")
        json.beginObject()
        for grant in grants {
            json.key(utf8: grant.pattern.bytes.span)
            json.value(operations: grant.operations)
        }
        json.endObject()
        if quotas != Quotas() {
            json.key("quotas")
            json.beginObject()
            for quota in Quota.allCases {
                if let limit = quotas[quota] { json.member(quota.name.text, limit) }
            }
            json.endObject()
        }
        if weight != 1 { json.member("weight", weight) }
        if delegationDepth > 0 { json.member("delegation_depth", delegationDepth) }
        if isLearning { json.member("learning", true) }
        json.endObject()
    }
}

extension JSONWriter {
    /// `["read", "infer"]`
    mutating func value(operations: OperationSet) {
        beginArray()
        for code in operations.codes { value(code.name.text) }
        endArray()
    }
}
