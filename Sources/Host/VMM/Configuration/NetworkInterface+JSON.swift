import JSON

// Firecracker's `network-interfaces`.
extension MachineDescription.NetworkInterface {
    init(_ reader: inout ConfigurationReader) throws(ConfigurationProblem) {
        _ = try reader.string("iface_id")
        hostName = try reader.string("host_dev_name")
        macAddress = nil
        if let text = try reader.optionalString("guest_mac") {
            guard let address = Self.macAddress(text) else {
                throw reader.problem("guest_mac", "must be a station's address such as 06:00:ac:10:00:02")
            }
            macAddress = address
        }
        try reader.finish()
    }

    /// Six pairs of digits; nil for what is none of a single station's.
    private static func macAddress(_ text: String) -> [UInt8]? {
        let pairs = text.split(separator: ":", omittingEmptySubsequences: false)
        let bytes = pairs.compactMap { $0.utf8.count == 2 ? UInt8($0, radix: 16) : nil }
        guard pairs.count == 6, bytes.count == 6, bytes[0] & 1 == 0, bytes.contains(where: { $0 != 0 }) else {
            return nil
        }
        return bytes
    }

    func json(number: Int) -> JSONValue {
        var object: JSONObject = [
            "iface_id": .string(JSONString("eth\(number)")), "host_dev_name": .string(JSONString(hostName)),
        ]
        if let macAddress {
            let pairs = macAddress.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }
            object.set("guest_mac", to: .string(JSONString(pairs.joined(separator: ":"))))
        }
        return .object(object)
    }
}
