import JSON
import MonotonicTime

// Records as lines of JSON: what `GET /v1/law/growth` answers, and what `hexa-os law verify` reads.

extension GrowthRecord {
    /// The record as one JSON object, without a line feed.
    public func serialized() -> [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        json.member("sequence", Int(clamping: sequence))
        json.member("time_ns", Int(clamping: time.nanoseconds))
        json.member("event", event.name.text)
        json.member("subject", subject)
        json.member("target", utf8: target.span)
        json.key("ops")
        json.value(operations: operations)
        if let reason { json.member("reason", reason.name.text) }
        json.member("number", Int(clamping: number))
        json.member("previous", utf8: previous.hexadecimal.span)
        json.member("hash", utf8: hash.hexadecimal.span)
        json.endObject()
        return json.bytes
    }

    /// The record of an object that `serialized` wrote; nil for anything else. Whether it is intact is not looked at.
    public init?(_ json: JSONObject) {
        guard let sequence = json["sequence"]?.unsigned, let time = json["time_ns"]?.unsigned,
            let number = json["number"]?.unsigned, let subject = json["subject"]?.stringValue,
            let target = json["target"]?.utf8Value, let names = json["ops"]?.arrayValue,
            let eventName = json["event"]?.utf8Value,
            let event = Event.allCases.first(where: { $0.name.utf8Bytes == eventName }),
            let previous = json["previous"]?.digest, let hash = json["hash"]?.digest
        else { return nil }
        var operations: OperationSet = []
        for name in names {
            guard let code = name.utf8Value.flatMap({ OperationCode(name: $0) }) else { return nil }
            operations.formUnion(OperationSet(code))
        }
        var reason: Denial.Reason?
        if let name = json["reason"]?.utf8Value {
            reason = Denial.Reason.allCases.first { $0.name.utf8Bytes == name }
            guard reason != nil else { return nil }
        }
        self.init(
            sequence: sequence, time: Instant(nanoseconds: time), event: event, subject: subject, target: target,
            operations: operations, reason: reason, number: number, previous: previous, hash: hash)
    }
}

extension GrowthHead {
    /// `{"head": {...}}`, without a line feed.
    public func serialized() -> [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        json.key("head")
        json.beginObject()
        json.member("sequence", Int(clamping: sequence))
        json.member("lost", Int(clamping: lostCount))
        json.member("hash", utf8: hash.hexadecimal.span)
        if let code { json.member("code", utf8: code.hexadecimal.span) }
        json.endObject()
        json.endObject()
        return json.bytes
    }

    /// The head in an object that `serialized` wrote; nil for anything else.
    public init?(_ json: JSONObject) {
        guard let head = json["head"], let sequence = head["sequence"]?.unsigned,
            let lost = head["lost"]?.unsigned, let hash = head["hash"]?.digest
        else { return nil }
        var code: Digest?
        if let text = head["code"] {
            code = text.digest
            guard code != nil else { return nil }
        }
        self.init(sequence: sequence, hash: hash, lostCount: lost, code: code)
    }
}

extension JSONValue {
    fileprivate var unsigned: UInt64? { intValue.flatMap { UInt64(exactly: $0) } }
    fileprivate var digest: Digest? { utf8Value.flatMap { Digest(hexadecimal: $0) } }
}
