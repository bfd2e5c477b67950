import HexaBytecode
import HexaVM
import Law
import MonotonicTime

/// Kernel calls: each first asks the law, then spends the permit on its work, or hands both to the model's owner.
extension ProgramRun {
    /// Answers a call; nil when that is done, else what the model's owner must answer. Exhaustive: a new call does not
    /// compile before it asks for a right.
    func serve(
        _ request: KernelRequest, law: inout Law, files: inout FileStore, time: RunTime
    ) throws(KernelError) -> ModelRequest? {
        switch request.call {
        case .infer, .stream, .streamNext, .logits, .sample:
            return try modelRequest(request, try ask(Infer.self, .model, &law, time))
        case .tokenize:
            let permit = try ask(Read.self, .tokenizer, &law, time)
            return .tokenize(permit, try text(request, 0))
        case .detokenize:
            let permit = try ask(Read.self, .tokenizer, &law, time)
            return .detokenize(permit, try numbers(request, 0))
        case .kvAppend:
            return try append(request, try ask(Append.self, .caches, &law, time))
        case .kvOpen, .kvFork, .kvDrop:
            try serveCache(request, law: &law, files: &files, time: time)
        case .fsRead, .readFile, .fsList, .listDirectory, .exists, .fsWrite, .writeFile, .fsAppend, .appendFile,
            .kvSave:
            try serveFile(request, law: &law, files: &files, time: time)
        case .request, .respond, .log, .now, .clock, .environment, .exec:
            try serveSystem(request, law: &law, time: time)
        case .capNarrow:
            try narrow(request, law: &law, time: time)
        }
        return nil
    }

    /// Leave for one operation, with the program's own right.
    func ask<Op: Operation, Object: PermitTarget>(
        _ operation: Op.Type, _ target: Object, _ law: inout Law, _ time: RunTime
    ) throws(KernelError) -> Permit<Op, Object> {
        do throws(Denial) {
            return try law.check(capability, operation, on: target, now: time.now)
        } catch {
            throw KernelError(
                .denied, "the law does not grant program \(name) \"\(error.operation.name)\" on \(error.path.text)")
        }
    }

    // MARK: Things of the kernel

    private func serveSystem(_ request: KernelRequest, law: inout Law, time: RunTime) throws(KernelError) {
        switch request.call {
        case .request: answer(.string(requestText(try ask(Read.self, .request, &law, time))))
        case .respond:
            let permit = try ask(Write.self, .request, &law, time)
            respond(permit, try text(request, 0))
            answer(.void)
        case .log:
            let permit = try ask(Append.self, .log, &law, time)
            log(permit, try text(request, 0))
            answer(.void)
        case .now: answer(.int(Int64(clamping: time.unixSeconds(try ask(Read.self, .clock, &law, time)))))
        case .clock: answer(.float(time.secondsSinceBoot(try ask(Read.self, .clock, &law, time))))
        case .environment: answer(.string(environment(try ask(Read.self, .environment, &law, time))))
        default: try execute(try ask(Execute.self, .shell, &law, time))
        }
    }

    /// There are no environment variables: every one is empty.
    private func environment(_ permit: consuming Permit<Read, EnvironmentTarget>) -> [UInt8] { [] }

    /// There is no shell, and never will be.
    private func execute(_ permit: consuming Permit<Execute, ShellTarget>) throws(KernelError) {
        throw KernelError(.unavailable, "\(KernelCall.exec.signature.name) does not exist here")
    }

    // MARK: Files

    private func serveFile(
        _ request: KernelRequest, law: inout Law, files: inout FileStore, time: RunTime
    ) throws(KernelError) {
        let path = try path(of: request)
        switch request.call {
        case .fsWrite, .writeFile:
            try files.write(try ask(Write.self, path, &law, time), try text(request, 1))
            answer(.void)
        case .fsAppend, .appendFile:
            try files.append(try ask(Append.self, path, &law, time), try text(request, 1))
            answer(.void)
        case .kvSave:
            let permit = try ask(Write.self, path, &law, time)
            try files.write(permit, SavedCache.bytes(of: try caches.tokens(try handle(request, 0))))
            answer(.void)
        case .fsList, .listDirectory:
            answer(.array(files.list(try ask(Read.self, path, &law, time)).map { .string($0) }))
        case .exists: answer(.bool(files.exists(try ask(Read.self, path, &law, time))))
        default: answer(.string(try files.read(try ask(Read.self, path, &law, time))))
        }
    }

    private func path(of request: KernelRequest) throws(KernelError) -> FilePath {
        guard request.call != .kvSave else { return try path(try text(request, 1), below: .caches) }
        return try path(try text(request, 0), below: .files)
    }

    func path(_ text: [UInt8], below root: FilePath.Root) throws(KernelError) -> FilePath {
        do throws(FilePathError) {
            return try FilePath(text, below: root)
        } catch {
            throw KernelError(.value, error.message)
        }
    }

    // MARK: Arguments

    func text(_ request: KernelRequest, _ index: Int) throws(KernelError) -> [UInt8] {
        guard request.arguments.indices.contains(index), case .string(let bytes) = request.arguments[index] else {
            throw wrongType(request, "a string")
        }
        return bytes
    }

    func handle(_ request: KernelRequest, _ index: Int) throws(KernelError) -> UInt64 {
        guard case .handle(let number) = request.arguments[index] else {
            throw wrongType(request, "what kv_open or stream returned")
        }
        return number
    }

    func numbers(_ request: KernelRequest, _ index: Int) throws(KernelError) -> [Int64] {
        guard case .array(let values) = request.arguments[index] else { throw wrongType(request, "an array of ints") }
        var numbers: [Int64] = []
        numbers.reserveCapacity(values.count)
        for value in values {
            guard case .int(let number) = value else { throw wrongType(request, "an array of ints") }
            numbers.append(number)
        }
        return numbers
    }

    func tokens(_ request: KernelRequest, _ index: Int) throws(KernelError) -> [Int32] {
        let numbers = try numbers(request, index)
        let tokens = numbers.compactMap { Int32(exactly: $0) }
        guard tokens.count == numbers.count else { throw KernelError(.value, "a token is out of range") }
        return tokens
    }

    func wrongType(_ request: KernelRequest, _ expected: String) -> KernelError {
        KernelError(.type, "\(request.call.signature.name) needs \(expected)")
    }
}
