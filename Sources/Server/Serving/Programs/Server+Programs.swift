import HTTP
import HexaBytecode
import JSON
import Law
import MonotonicTime
import Programs

/// Programs over HTTP: installing, listing, removing, and running one for a request.
extension Server where LM: ~Copyable {
    mutating func answerProgram(
        _ route: Route, _ request: HTTPRequest, _ capability: borrowing Capability, on connection: Connection,
        now: Instant
    ) throws(APIError) {
        switch route {
        case .programs:
            let permit = try permit(capability, Read.self, on: .programs, now: now)
            respond(try list(permit), on: connection, now: now)
        case .program(let name):
            let path = try Self.programPath(name)
            switch request.method {
            case .post: try install(try permit(capability, Write.self, on: path, now: now), request, connection, now)
            case .delete: try remove(try permit(capability, Write.self, on: path, now: now), on: connection, now: now)
            default:
                _ = try permit(capability, Read.self, on: path, now: now)
                respond(describe(try installed(path)), on: connection, now: now)
            }
        case .invoke(let name):
            let path = try Self.programPath(name)
            let permit = try permit(capability, Execute.self, on: path, now: now)
            try invoke(permit, request, on: connection, now: now)
        default:
            throw .wrongPermit
        }
    }

    private static func programPath(_ name: [UInt8]) throws(APIError) -> TargetPath {
        do throws(PathError) {
            guard !name.contains(UInt8(ascii: "/")) else { throw .emptySegment }
            return try ProgramLibrary.path(of: name)
        } catch {
            throw .invalid("name", "A program's name is one segment of a path: \(error.message).")
        }
    }

    private mutating func permit<Op: Operation>(
        _ capability: borrowing Capability, _ operation: Op.Type, on path: TargetPath, now: Instant
    ) throws(APIError) -> PathPermit<Op> {
        do throws(Denial) {
            return try law.check(capability, operation, on: path, now: now)
        } catch {
            throw .denied(error.operation.name.text, error.path.text)
        }
    }

    private func installed(_ path: TargetPath) throws(APIError) -> InstalledProgram {
        let name = String(decoding: path.bytes.dropFirst("/program/".utf8.count), as: UTF8.self)
        guard let program = programs.library[name] else { throw .programNotFound(name) }
        return program
    }

    // MARK: The library

    private mutating func install(
        _ permit: consuming PathPermit<Write>, _ request: HTTPRequest, _ connection: Connection, _ now: Instant
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
        _ permit: consuming PathPermit<Write>, on connection: Connection, now: Instant
    ) throws(APIError) {
        let program = try installed(permit.path)
        _ = programs.library.remove(permit)
        respond(describe(program), on: connection, now: now)
    }

    private func list(_ permit: consuming Permit<Read>) throws(APIError) -> [UInt8] {
        guard permit.target == .programs else { throw .wrongPermit }
        var json = JSONWriter()
        json.beginObject()
        json.key("programs")
        json.beginArray()
        for program in programs.library.programs { write(program, to: &json) }
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

    private mutating func invoke(
        _ permit: consuming PathPermit<Execute>, _ request: HTTPRequest, on connection: Connection, now: Instant
    ) throws(APIError) {
        if isDraining { throw .draining }
        let program = try installed(permit.path)
        guard let own = law.capability(ofProgram: program.name) else {
            throw APIError(InstallError.unknownToLaw(name: program.name))
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
            program, permit, capability: own, quotas: quotas,
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
