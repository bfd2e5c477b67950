import JSON
import Law
import MonotonicTime

/// A law for tests: raw.json as text, with keys as themselves instead of their digests.
func law(_ text: String, keys: [String] = []) throws -> Law {
    Law(try document(text, keys: keys))
}

/// The law of a text in which `KEY0`, `KEY1`, ... stand for the digests of `keys`.
func document(_ text: String, keys: [String] = []) throws -> LawDocument {
    var text = text
    for (index, key) in keys.enumerated() {
        let digest = SHA256.digest(of: Array(key.utf8).span).text
        text = text.split(separator: "KEY\(index)", omittingEmptySubsequences: false).joined(separator: digest)
    }
    return try LawDocument(parsing: Array(text.utf8))
}

struct NoSuchSubject: Error {}

/// Any path as a target.
struct SomePath: PermitTarget {
    let path: TargetPath
    var key: TargetKey { .path(path) }
}

extension Law {
    func client(_ key: String) throws -> Capability {
        guard let capability = authenticate(bearer: Array(key.utf8).span) else { throw NoSuchSubject() }
        return capability
    }

    func program(_ name: String) throws -> Capability {
        guard let capability = capability(ofProgram: name) else { throw NoSuchSubject() }
        return capability
    }

    /// Revokes a subject as the kernel may.
    mutating func revoke(_ subject: SubjectID, now: Instant) throws(Denial) {
        revoke(try check(kernelCapability(), Administer.self, on: .law, now: now), subject, now: now)
    }

    /// Why an operation on a path is denied; nil when it is granted.
    mutating func denial<Op: Operation>(
        _ capability: borrowing Capability, _ operation: Op.Type, _ path: String, at now: Instant = .origin
    ) throws -> Denial.Reason? {
        let path = SomePath(path: try TargetPath(path))
        do throws(Denial) {
            let permit = try check(capability, operation, on: path, now: now)
            precondition(permit.target.path == path.path)
            return nil
        } catch {
            return error.reason
        }
    }
}
