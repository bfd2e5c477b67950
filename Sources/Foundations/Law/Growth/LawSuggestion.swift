import JSON

/// A right that has been asked for and not been granted.
public struct LawSuggestion: Equatable, Sendable {
    public let subject: String
    public let target: [UInt8]
    public internal(set) var operations: OperationSet
    /// Records that ask for it.
    public internal(set) var recordCount: Int

    /// The needs that records tell of, one for each subject and target, in the order of their first record.
    public static func needs(of records: [GrowthRecord]) -> [LawSuggestion] {
        var needs: [LawSuggestion] = []
        var places: [[UInt8]: Int] = [:]
        for record in records {
            let isNeed = record.event == .learned || (record.event == .denied && record.reason == .notGranted)
            guard isNeed else { continue }
            let key = Array(record.subject.utf8) + [0] + record.target
            if let place = places[key] {
                needs[place].operations.formUnion(record.operations)
                needs[place].recordCount += 1
            } else {
                places[key] = needs.count
                needs.append(
                    LawSuggestion(
                        subject: record.subject, target: record.target, operations: record.operations, recordCount: 1))
            }
        }
        return needs
    }
}

extension LawDocument {
    /// The smallest change after which the records' denials would be granted: for each subject of this law the paths
    /// it asked for, with the operations that they are granted already and those that are missing. A proposal, as a
    /// JSON merge patch (RFC 7396): whether a denial was right is for a person to say.
    public func proposal(for records: [GrowthRecord]) -> JSONObject {
        var patches: [(name: String, grants: JSONObject)] = []
        for need in LawSuggestion.needs(of: records) {
            guard let subject = subjects.first(where: { $0.name == need.subject }),
                let path = try? TargetPath(need.target)
            else { continue }
            let missing = need.operations.subtracting(subject.operations(on: path))
            guard !missing.isEmpty else { continue }
            // A merge patch replaces a list: what this very pattern grants already must stand in it.
            let own = subject.grants.first { $0.pattern.bytes == path.bytes }?.operations ?? []
            let names = own.union(missing).codes.map { JSONValue.string(JSONString($0.name.text)) }
            if patches.last?.name != need.subject, !patches.contains(where: { $0.name == need.subject }) {
                patches.append((need.subject, JSONObject()))
            }
            guard let index = patches.firstIndex(where: { $0.name == need.subject }) else { continue }
            patches[index].grants.set(path.text, to: .array(names))
        }
        guard !patches.isEmpty else { return [:] }
        var members = JSONObject()
        for patch in patches { members.set(patch.name, to: ["grants": .object(patch.grants)]) }
        return ["version": .number(.integer(Int64(version + 1))), "subjects": .object(members)]
    }
}
