import HexaBytecode

/// How a call instruction went on.
enum CallResult {
    /// A new frame runs; `self.frame` and `self.pc` are its.
    case entered
    /// The result is in its register.
    case done
    case failed
    case stop(Stop)
}

extension Machine {
    // SAFETY: frames and function records that the machine points to live as long as its tasks and its program.

    /// Room for one more frame whose registers begin at `window` registers above the running frame's base. Afterwards
    /// `self.frame` and its base are valid; pointers from before are not. When it fails nothing has moved.
    func makeRoom(_ window: Int, _ callee: UnsafeMutablePointer<FunctionRecord>) -> Bool {
        suspend()
        let depth = frame - task.frames
        guard depth + 1 < MachineLimits.callDepthMax else {
            return fail(.depth, "more than \(MachineLimits.callDepthMax) nested calls")
        }
        let frameCapacity =
            depth + 1 < task.frameCapacity
            ? task.frameCapacity : min(task.frameCapacity * 2, MachineLimits.callDepthMax)
        let needed = (task.frame.pointee.base - task.stack) + window + Int(callee.pointee.registerCount)
        var stackCapacity = task.stackCapacity
        while stackCapacity < needed { stackCapacity *= 2 }
        // Room for both before either moves: a failing caller still holds pointers into them.
        guard stackCapacity <= MachineLimits.stackValuesMax,
            heap.reserve(
                bytes: (frameCapacity - task.frameCapacity) * MemoryLayout<Frame>.stride
                    + (stackCapacity - task.stackCapacity) * MemoryLayout<Value>.stride)
        else { return outOfMemory() }
        if frameCapacity > task.frameCapacity { task.growFrames(to: frameCapacity) }
        if stackCapacity > task.stackCapacity { task.growStack(to: stackCapacity) }
        resume(task)
        return true
    }

    /// Enters `callee` with its arguments at `window`.
    func enter(
        _ callee: UnsafeMutablePointer<FunctionRecord>, _ window: ValueWindow, closure: UInt
    ) -> CallResult {
        var window = window
        if window + Int(callee.pointee.registerCount) > stackEnd || frame == lastFrame {
            let offset = window - frame.pointee.base
            guard makeRoom(offset, callee) else { return .failed }
            window = frame.pointee.base + offset
        }
        frame.pointee.pc = pc
        frame += 1
        frame.pointee = Frame(function: callee, closure: closure, base: window, pc: callee.pointee.code)
        pc = callee.pointee.code
        return .entered
    }

    /// Calls the value in `window[0]` with the arguments after it; they move down by one, over the callee.
    func prepareCall(of window: ValueWindow, argumentCount: Int) -> CallResult {
        let callee = window[0]
        switch callee.tag {
        case Tag.function, Tag.closure:
            let index = callee.tag == Tag.function ? Int(callee.bits) : Int(callee.object.detail)
            let record = functions + index
            guard Int(record.pointee.parameterCount) == argumentCount else {
                _ = wrongArity(index, argumentCount)
                return .failed
            }
            // Room first: afterwards the instruction can no longer fail.
            var window = window
            if window + Int(record.pointee.registerCount) > stackEnd || frame == lastFrame {
                let offset = window - frame.pointee.base
                guard makeRoom(offset, record) else { return .failed }
                window = frame.pointee.base + offset
            }
            for index in 0..<argumentCount { window[index] = window[index + 1] }
            return enter(record, window, closure: callee.tag == Tag.closure ? UInt(callee.bits) : 0)
        case Tag.builtin:
            let builtin = Builtin.allCases[Int(callee.bits)]
            guard builtin.signature.accepts(argumentCount) else {
                _ = fail(.arity, "\(builtin.signature.name) does not take \(argumentCount) arguments")
                return .failed
            }
            for index in 0..<argumentCount { window[index] = window[index + 1] }
            let result = callBuiltin(Int(callee.bits), window, argumentCount: argumentCount)
            if metQuota {
                // The instruction will be tried again: give it back what it began with.
                for index in (0..<argumentCount).reversed() { window[index + 1] = window[index] }
                window[0] = callee
            }
            return result
        default:
            _ = fail(.type, "\(article(callee)) cannot be called")
            return .failed
        }
    }

    private func wrongArity(_ function: Int, _ got: Int) -> Bool {
        let expected = Int(functions[function].parameterCount)
        let plural = expected == 1 ? "" : "s"
        return fail(.arity, "\(name(program.functions[function].name)) takes \(expected) argument\(plural), got \(got)")
    }

    /// A method of the module, or of the built-in kinds, or a field that holds a function; in this order.
    func callMethod(_ i: UInt64, _ window: ValueWindow) -> CallResult {
        let receiver = window[0]
        let function = methods.function(receiver: receiverClass(of: receiver), name: i.d)
        if function >= 0 {
            let record = functions + function
            guard Int(record.pointee.parameterCount) == i.b else {
                let expected = Int(record.pointee.parameterCount) - 1
                let plural = expected == 1 ? "" : "s"
                _ = fail(.arity, "method \(name(i.d)) takes \(expected) argument\(plural), got \(i.b - 1)")
                return .failed
            }
            return enter(record, window, closure: 0)
        }
        if receiver.tag == Tag.structure {
            let field = fieldIndex(Int(receiver.object.detail), name: i.d, hint: 0)
            if field >= 0 {
                window[0] = receiver.object.values[field]
                let result = prepareCall(of: window, argumentCount: i.b - 1)
                // The instruction will be tried again, on the receiver. Without room the stack has not moved.
                if metQuota { window[0] = receiver }
                return result
            }
        }
        guard let method = BuiltinMethod(rawValue: builtinMethods[i.d]) else {
            _ = noMethod(receiver, i.d)
            return .failed
        }
        collectIfNeeded()
        return callBuiltinMethod(method, window, argumentCount: i.b - 1, name: i.d)
    }

    func noMethod(_ receiver: Value, _ nameIndex: Int) -> Bool {
        fail(.field, "\(article(receiver)) has no method \(name(nameIndex))")
    }

    /// Leaves the machine with a request. Arguments are copied, the result comes by `answer`.
    func kernelCall(_ call: KernelCall, _ window: ValueWindow, argumentCount: Int) -> Stop {
        pendingAnswer = PendingAnswer(register: window - frame.pointee.base)
        return .kernelCall(KernelRequest(call: call, arguments: (0..<argumentCount).map { hostValue(window[$0]) }))
    }
}
