import HexaBytecode
import HexaVM
import Law
import MonotonicTime

/// Kernel calls: each first asks the law, then does its work or hands it to the owner of the model.
extension ProgramRun {
    /// Answers a call; nil when that is done, else what the model's owner must answer.
    func serve(
        _ request: KernelRequest, law: inout Law, files: inout FileStore, time: RunTime
    ) throws(KernelError) -> ModelRequest? {
        switch request.call.right {
        case .own:
            try narrow(request, law: &law, time: time)
            return nil
        case .known(let operation, let target):
            try ask(operation, target, law: &law, time: time)
            switch request.call {
            case .infer, .stream, .streamNext, .logits, .sample: return try modelRequest(request)
            case .kvOpen, .kvAppend, .kvFork, .kvDrop:
                return try serveCache(request, law: &law, files: &files, time: time)
            default: return try serveKnown(request, time: time)
            }
        case .path:
            try serveFile(request, law: &law, files: &files, time: time)
            return nil
        }
    }

    // MARK: Things of the kernel

    private func ask(
        _ operation: OperationCode, _ target: Target, law: inout Law, time: RunTime
    ) throws(KernelError) {
        do throws(Denial) {
            switch operation {
            case .infer: _ = try law.check(capability, Infer.self, on: target, now: time.now)
            case .read: _ = try law.check(capability, Read.self, on: target, now: time.now)
            case .write: _ = try law.check(capability, Write.self, on: target, now: time.now)
            case .append: _ = try law.check(capability, Append.self, on: target, now: time.now)
            case .fork: _ = try law.check(capability, Fork.self, on: target, now: time.now)
            default: _ = try law.check(capability, Execute.self, on: target, now: time.now)
            }
        } catch {
            throw denied(error)
        }
    }

    func denied(_ denial: Denial) -> KernelError {
        KernelError(
            .denied, "the law does not grant program \(name) \"\(denial.operation.name)\" on \(denial.path.text)")
    }

    private func serveKnown(_ request: KernelRequest, time: RunTime) throws(KernelError) -> ModelRequest? {
        switch request.call {
        case .tokenize: return .tokenize(try text(request, 0))
        case .detokenize: return .detokenize(try numbers(request, 0))
        case .respond:
            respond(try text(request, 0))
            answer(.void)
        case .request: answer(.string(requestText()))
        case .log:
            note(try text(request, 0))
            answer(.void)
        case .now: answer(.int(Int64(clamping: time.unixSeconds)))
        case .clock: answer(.float(Double(time.now.nanoseconds) / 1e9))
        case .environment: answer(.string([]))
        default: throw KernelError(.unavailable, "\(request.call.signature.name) does not exist here")
        }
        return nil
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

    func ask<Op: Operation>(
        _ operation: Op.Type, _ path: TargetPath, _ law: inout Law, _ time: RunTime
    ) throws(KernelError) -> PathPermit<Op> {
        do throws(Denial) {
            return try law.check(capability, operation, on: path, now: time.now)
        } catch {
            throw denied(error)
        }
    }

    /// Files are the targets below `/fs`, saved caches those below `/kv`.
    private func path(of request: KernelRequest) throws(KernelError) -> TargetPath {
        guard request.call != .kvSave else { return try path(try text(request, 1), below: "/kv") }
        return try path(try text(request, 0), below: "/fs")
    }

    func path(_ text: [UInt8], below root: String) throws(KernelError) -> TargetPath {
        let isRoot = root == "/fs" && text.elementsEqual(root.utf8)
        guard isRoot || text.starts(with: (root + "/").utf8) else {
            let shown = String(decoding: text, as: UTF8.self)
            throw KernelError(.value, "the path must be below \(root): '\(root)/notes', not '\(shown)'")
        }
        do throws(PathError) {
            return try TargetPath(text)
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
