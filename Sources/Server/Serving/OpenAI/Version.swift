import JSON
import Law

/// What this server calls itself.
public enum Version {
    public static var number: String { "0.1.0" }
    /// `system_fingerprint`: which back end answered, so that clients notice when seeds cease to give the same text. A
    /// literal, because every token's chunk holds it: joining strings allocates.
    static var fingerprint: String { "fp_hexa_os_0.1.0" }
}

extension Version {
    /// `GET /version`
    static func document(_ permit: consuming Permit<Read, HealthTarget>) -> [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        json.member("name", "hexa-os")
        json.member("version", number)
        json.endObject()
        return json.bytes
    }
}
