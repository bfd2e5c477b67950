import HexaBytecode
import HexaVM
import Law

/// Calls about the model and about token sequences, and the one by which a run gives up rights.
extension ProgramRun {
    /// What the model's owner is to do for a call.
    func modelRequest(
        _ request: KernelRequest, _ permit: consuming Permit<Infer, ModelTarget>
    ) throws(KernelError) -> ModelRequest {
        let options = request.arguments.count > 1 ? request.arguments[1] : nil
        switch request.call {
        case .infer: return .infer(permit, try InferenceOptions(try prompt(request), options))
        case .stream: return .openStream(permit, try InferenceOptions(try prompt(request), options))
        case .streamNext: return .nextPiece(permit, stream: try handle(request, 0))
        case .logits:
            guard case .handle(let cache) = request.arguments[0] else {
                return .score(permit, try tokens(request, 0))
            }
            return .score(permit, try caches.tokens(cache))
        default: return .sample(permit, try row(request), try SamplingOptions(options, seed: nextSeed()))
        }
    }

    private func prompt(_ request: KernelRequest) throws(KernelError) -> InferenceOptions.Prompt {
        switch request.arguments[0] {
        case .string(let text): return .message(text)
        case .handle(let cache): return .tokens(try caches.tokens(cache))
        default: throw wrongType(request, "a prompt: a string, or what kv_open returned")
        }
    }

    /// Numbers to sample from, one for each token.
    private func row(_ request: KernelRequest) throws(KernelError) -> [Float] {
        guard case .array(let values) = request.arguments[0], !values.isEmpty else {
            throw wrongType(request, "what logits returned")
        }
        var row: [Float] = []
        row.reserveCapacity(values.count)
        for value in values {
            guard case .float(let number) = value else { throw wrongType(request, "what logits returned") }
            row.append(Float(number))
        }
        return row
    }

    // MARK: Caches

    func serveCache(
        _ request: KernelRequest, law: inout Law, files: inout FileStore, time: RunTime
    ) throws(KernelError) {
        switch request.call {
        case .kvOpen:
            let permit = try ask(Write.self, .caches, &law, time)
            var tokens: [Int32] = []
            if !request.arguments.isEmpty {
                let path = try path(try text(request, 0), below: .caches)
                tokens = SavedCache.tokens(of: try files.read(try ask(Read.self, path, &law, time)))
            }
            answer(try caches.open(permit, tokens))
        case .kvFork:
            let permit = try ask(Fork.self, .caches, &law, time)
            answer(try caches.fork(permit, try handle(request, 0)))
        default:
            let permit = try ask(Write.self, .caches, &law, time)
            try caches.drop(permit, try handle(request, 0))
            answer(.void)
        }
    }

    /// Tokens are appended at once; text has to become tokens first.
    func append(
        _ request: KernelRequest, _ permit: consuming Permit<Append, CachesTarget>
    ) throws(KernelError) -> ModelRequest? {
        let cache = try handle(request, 0)
        if case .string(let text) = request.arguments[1] {
            return .extend(permit, cache: cache, text: text, isFirst: try caches.tokens(cache).isEmpty)
        }
        try extend(permit, cache, by: try tokens(request, 1))
        return nil
    }

    /// Answers `kv_append` once the text's tokens are known.
    public func extend(
        _ permit: consuming Permit<Append, CachesTarget>, _ cache: UInt64, by tokens: [Int32]
    ) throws(KernelError) {
        try caches.append(permit, tokens, to: cache)
        answer(.void)
    }

    // MARK: Rights

    /// `cap_narrow(pattern, operations)`: from here on the run may do these operations only, on these targets only.
    func narrow(_ request: KernelRequest, law: inout Law, time: RunTime) throws(KernelError) {
        var terms = DelegationTerms()
        let pattern = try text(request, 0)
        do throws(PathError) {
            terms.pattern = try TargetPattern(pattern)
        } catch {
            throw KernelError(.value, error.message)
        }
        terms.operations = try operations(request)
        do throws(DelegationError) {
            try law.narrow(&capability, terms, now: time.now)
        } catch {
            throw KernelError(error == .revoked ? .denied : .unavailable, error.message)
        }
        answer(.void)
    }

    private func operations(_ request: KernelRequest) throws(KernelError) -> OperationSet {
        guard case .array(let names) = request.arguments[1] else {
            throw wrongType(request, "a pattern and an array of operations: [\"read\"]")
        }
        var operations: OperationSet = []
        for name in names {
            guard case .string(let bytes) = name, let code = OperationCode(name: bytes) else {
                throw KernelError(.value, "operations are read, write, append, exec, infer, fork, listen and admin")
            }
            operations.formUnion(OperationSet(code))
        }
        return operations
    }
}
