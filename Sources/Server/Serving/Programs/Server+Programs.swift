import HTTP
import HexaBytecode
import JSON
import Law
import MonotonicTime
import Programs

/// Programs over HTTP: installing, listing, removing, and running one for a request.
extension Server where LM: ~Copyable {
    /// `/v1/programs/NAME`: installing, removing, describing.
    mutating func answerProgram(
        _ name: [UInt8], _ request: HTTPRequest, _ capability: borrowing Capability, on connection: Connection,
        now: Instant
    ) throws(APIError) {
        let path = try Self.programPath(name)
        switch request.method {
        case .post: try install(try permit(capability, Write.self, on: path, now: now), request, connection, now)
        case .delete: try remove(try permit(capability, Write.self, on: path, now: now), on: connection, now: now)
        default:
            let permit = try permit(capability, Read.self, on: path, now: now)
            guard let program = programs.library.program(permit) else { throw .programNotFound(path.name) }
            respond(describe(program), on: connection, now: now)
        }
    }

    static func programPath(_ name: [UInt8]) throws(APIError) -> ProgramPath {
        do throws(PathError) {
            return try ProgramPath(name: name)
        } catch {
            throw .invalid("name", "A program's name is one segment of a path: \(error.message).")
        }
    }

    // MARK: The library

    private mutating func install(
        _ permit: consuming Permit<Write, ProgramPath>, _ request: HTTPRequest, _ connection: Connection, _ now: Instant
    ) throws(APIError) {
        do throws(InstallError) {
            let program = try programs.library.install(
                permit, request.body, replacing: !request.headers.list("if-none-match", contains: "*"), law: law)
            respond(describe(program), on: connection, now: now)
        } catch {
            throw APIError(error)
        }
    }

    private mutating func remove(
        _ permit: consuming Permit<Write, ProgramPath>, on connection: Connection, now: Instant
    ) throws(APIError) {
        let name = permit.target.name
        guard let program = programs.library.remove(permit) else { throw .programNotFound(name) }
        respond(describe(program), on: connection, now: now)
    }

    func listPrograms(_ permit: consuming Permit<Read, ProgramsTarget>) -> [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        json.key("programs")
        json.beginArray()
        for program in programs.library.list(permit) { write(program, to: &json) }
        json.endArray()
        json.endObject()
        return json.bytes
    }

    private func describe(_ program: InstalledProgram) -> [UInt8] {
        var json = JSONWriter()
        write(program, to: &json)
        return json.bytes
    }

    private func write(_ program: InstalledProgram, to json: inout JSONWriter) {
        json.beginObject()
        json.member("name", program.name)
        json.member("instructions", program.instructionCount)
        json.key("needs")
        json.beginArray()
        for need in program.needs {
            json.beginObject()
            json.member("op", utf8: need.operation.span)
            json.member("target", utf8: need.target.span)
            json.endObject()
        }
        json.endArray()
        json.endObject()
    }

    // MARK: Running

    mutating func invoke(
        _ permit: consuming Permit<Execute, ProgramPath>, _ request: HTTPRequest, on connection: Connection,
        now: Instant
    ) throws(APIError) {
        if isDraining { throw .draining }
        let name = permit.target.name
        guard let program = programs.library.open(permit) else { throw .programNotFound(name) }
        guard let own = law.capability(ofProgram: name) else {
            throw APIError(InstallError.unknownToLaw(name: name))
        }
        let quotas = law.quotas(of: own.subject)
        guard request.body.count <= Programs.Limits.requestBytesMax else {
            throw APIError(
                413, .invalidRequest,
                "A program's request has at most "
                    + "\(Programs.Limits.requestBytesMax) bytes.", code: "request_too_large")
        }
        guard programs.runs.count < Programs.Limits.runsMax,
            programs.heapByteCount + ProgramRun.heapBytes(for: quotas) <= Programs.Limits.heapBytesMax
        else { throw .overloaded(retryAfterSeconds: Limits.loadingRetryAfterSeconds) }
        guard let arguments = request.queryValues(of: "arg") else {
            throw .invalid("arg", "'arg' must be percent-encoded UTF-8.")
        }
        let run = ProgramRun(
            program, capability: own, quotas: quotas,
            request: ProgramRequest(body: request.body, arguments: arguments.map { Array($0.utf8) }),
            seed: random.next(), now: now)
        let exchange = ProgramExchange(run: run, connection: connection.id)
        connection.program = exchange
        programs.runs.append(exchange)
    }
}

extension APIError {
    static func programNotFound(_ name: String) -> APIError {
        APIError(404, .notFound, "There is no program \(name).", code: "program_not_found")
    }

    init(_ error: InstallError) {
        switch error {
        case .unknownToLaw, .needsNotGranted:
            self.init(403, .permission, error.message, code: "permission_denied")
        case .tooLarge: self.init(413, .invalidRequest, error.message, code: "program_too_large")
        case .tooMany: self.init(409, .invalidRequest, error.message, code: "conflict")
        case .exists: self.init(412, .invalidRequest, error.message, code: "program_exists")
        case .compileFailed, .moduleRefused:
            self.init(400, .invalidRequest, error.message, code: "invalid_program")
        }
    }
}
