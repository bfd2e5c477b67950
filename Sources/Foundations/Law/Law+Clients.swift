extension Law.Client {
    /// The subjects of the law: one per API key, or the anonymous client where there is none.
    public static func holding(_ apiKeys: [[UInt8]]) -> [Law.Client] {
        if apiKeys.isEmpty { return [Law.Client(name: "anonymous", key: [], grants: Law.clientGrants)] }
        return apiKeys.enumerated().map { index, key in
            Law.Client(name: "key \(index + 1)", key: key, grants: Law.clientGrants)
        }
    }
}
