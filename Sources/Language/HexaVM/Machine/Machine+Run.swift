import HexaBytecode

/// Why the interpreter stopped.
enum Stop {
    case outOfFuel, taskEnded, blocked, kernelCall(KernelRequest), exited, failed
}

extension Machine {
    // SAFETY: frames and function records that the machine points to live as long as its tasks and its program.

    /// Executes at most `fuel` calls and loop iterations, or what costs as much. Calling it after the end returns the
    /// end again; calling it with a kernel call unanswered answers that the call is unavailable.
    public func run(fuel slice: Int) -> Outcome {
        if let ended { return ended }
        if pendingAnswer != nil { answer(KernelError(.unavailable, "the call was not answered")) }
        if let ended { return ended }
        fuel = max(slice, 1)
        while true {
            switch execute() {
            case .outOfFuel:
                rotateTasks()
                return .yielded
            case .kernelCall(let request): return .kernelCall(request)
            case .exited: return end(.exited(code: exitCode))
            case .failed: return end(.failed(failure()))
            case .taskEnded:
                if task.isMain { endMain() }
                heap.unreserve(bytes: task.allocatedBytes)
                guard startNextTask() else {
                    guard mainHasEnded else { return deadlock() }
                    return end(.finished)
                }
            case .blocked:
                waitingTasks.append(task)
                guard startNextTask() else {
                    // Only tasks that wait for ever are left: after the end of main they are not missed.
                    guard mainHasEnded else { return deadlock() }
                    return end(.finished)
                }
            }
        }
    }

    private func end(_ outcome: Outcome) -> Outcome {
        ended = outcome
        return outcome
    }

    private func endMain() {
        mainHasEnded = true
        let value = task.stack[0]
        debt = 0
        result = hostValue(value)
        resultText = value.tag == Tag.void ? [] : text(of: value)
    }

    private func startNextTask() -> Bool {
        guard !readyTasks.isEmpty else { return false }
        resume(readyTasks.removeFirst())
        return true
    }

    /// Lets the next ready task begin the next slice.
    private func rotateTasks() {
        guard !readyTasks.isEmpty else { return }
        suspend()
        readyTasks.append(task)
        resume(readyTasks.removeFirst())
    }

    /// The main task waits and no task is left to wake it: an error in the main task.
    private func deadlock() -> Outcome {
        guard let index = waitingTasks.firstIndex(where: { $0.isMain }) else { return end(.finished) }
        resume(waitingTasks.remove(at: index))
        task.state = .ready
        pc += 1
        _ = fail(.deadlock, "every task waits for a channel, and none is left to send")
        guard unwind() else { return end(.failed(failure())) }
        return .yielded
    }

    /// Gives the pending kernel call its result.
    public func answer(_ value: HostValue) {
        guard let pending = pendingAnswer else { return }
        collectIfNeeded()
        if value == .void, let distance = pending.endDistance {
            pc += distance
        } else if let converted = machineValue(value) {
            frame.pointee.base[pending.register] = converted
        } else {
            pendingAnswer = nil
            thrown = memoryError
            raiseOutside()
            return
        }
        pendingAnswer = nil
    }

    /// Makes the pending kernel call fail.
    public func answer(_ error: KernelError) {
        guard pendingAnswer != nil else { return }
        pendingAnswer = nil
        _ = fail(error.kind, error.message)
        raiseOutside()
    }

    private func raiseOutside() {
        if !unwind() { ended = .failed(failure()) }
    }
}
