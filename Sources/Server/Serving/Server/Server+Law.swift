import HTTP
import JSON
import Law
import MonotonicTime

/// The law over HTTP: reading it, asking it, replacing it, and the records of the growth bus.
extension Server where LM: ~Copyable {
    /// `/v1/law`: reading and replacing.
    mutating func answerLaw(
        _ request: HTTPRequest, _ capability: borrowing Capability, on connection: Connection, now: Instant
    ) throws(APIError) {
        guard request.method == .put else {
            return respond(
                lawText(try permit(capability, Read.self, on: .law, now: now)), on: connection, now: now)
        }
        let permit = try permit(capability, Administer.self, on: .law, now: now)
        try replaceLaw(permit, request, on: connection, now: now)
    }

    private func lawText(_ permit: consuming Permit<Read, LawTarget>) -> [UInt8] { law.document.serialized() }

    // MARK: Replacing

    private mutating func replaceLaw(
        _ permit: consuming Permit<Administer, LawTarget>, _ request: HTTPRequest, on connection: Connection,
        now: Instant
    ) throws(APIError) {
        let document: LawDocument
        do throws(LawError) {
            document = try LawDocument(parsing: request.body)
        } catch {
            throw .invalidLaw(error.message)
        }
        let changes = law.rehearse(document)
        let isRehearsal = request.queryValue(of: "dry_run") != nil
        if !isRehearsal {
            do throws(UpdateError) {
                try law.replace(permit, with: document, now: now)
            } catch {
                throw .conflict(error.message)
            }
        }
        respondWithVersion(isApplied: !isRehearsal, changes, on: connection, now: now)
    }

    mutating func rollLawBack(
        _ permit: consuming Permit<Administer, LawTarget>, on connection: Connection, now: Instant
    ) throws(APIError) {
        do throws(UpdateError) { try law.rollBack(permit, now: now) } catch { throw .conflict(error.message) }
        respondWithVersion(isApplied: true, [], on: connection, now: now)
    }

    private mutating func respondWithVersion(
        isApplied: Bool, _ changes: [VerdictChange], on connection: Connection, now: Instant
    ) {
        var json = JSONWriter()
        json.beginObject()
        json.member("version", law.document.version)
        json.member("applied", isApplied)
        json.key("changes")
        json.beginArray()
        for change in changes {
            json.beginObject()
            json.member("subject", change.subject)
            json.member("target", utf8: change.target.span)
            json.key("ops")
            json.beginArray()
            for code in change.operations.codes { json.value(code.name.text) }
            json.endArray()
            json.member("verdict", change.isGrantedThen ? "granted" : "denied")
            json.endObject()
        }
        json.endArray()
        json.endObject()
        respond(json.bytes, on: connection, now: now)
    }

    mutating func revoke(
        _ permit: consuming Permit<Administer, LawTarget>, _ name: [UInt8], on connection: Connection, now: Instant
    ) throws(APIError) {
        let text = String(decoding: name, as: UTF8.self)
        guard let subject = law.subject(named: text), subject != law.kernelCapability().subject else {
            throw APIError(404, .notFound, "The law names no subject \(text).", code: "subject_not_found")
        }
        law.revoke(permit, subject, now: now)
        respondWithVersion(isApplied: true, [], on: connection, now: now)
    }

    // MARK: Asking

    func explain(
        _ permit: consuming Permit<Read, LawTarget>, _ request: RequestObject
    ) throws(APIError) -> [UInt8] {
        let subject = String(decoding: try request.requiredText("subject"), as: UTF8.self)
        guard let operation = OperationCode(name: try request.requiredText("op")) else {
            let names = OperationCode.allCases.map { $0.name.text }.joined(separator: ", ")
            throw .invalid("op", "There is no such operation; there are \(names).")
        }
        let target = try request.requiredText("target")
        let path: TargetPath
        do throws(PathError) {
            path = try TargetPath(target)
        } catch {
            throw .invalid("target", "'target' must be a path: \(error.message).")
        }
        return law.document.explain(subject: subject, operation, on: path).serialized()
    }
}
