import HexaBytecode

extension Machine {
    // SAFETY: frames and function records that the machine points to live as long as its tasks and its program.

    /// A new task that calls a closure without parameters; it runs when the running one waits, ends or has used its
    /// slice.
    func spawn(_ closure: Value) -> Bool {
        guard closure.tag == Tag.closure || closure.tag == Tag.function else {
            return fail(.type, "\(article(closure)) cannot be spawned")
        }
        guard readyTasks.count + waitingTasks.count < MachineLimits.tasksMax else {
            return fail(.memory, "more than \(MachineLimits.tasksMax) tasks")
        }
        let index = closure.tag == Tag.function ? Int(closure.bits) : Int(closure.object.detail)
        let record = functions + index
        guard record.pointee.parameterCount == 0 else { return fail(.arity, "a task takes no arguments") }
        collectIfNeeded()
        let new = ProgramTask(isMain: false)
        guard heap.reserve(bytes: new.allocatedBytes) else { return outOfMemory() }
        new.frame.pointee = Frame(
            function: record, closure: closure.tag == Tag.closure ? UInt(closure.bits) : 0, base: new.stack,
            pc: record.pointee.code
        )
        readyTasks.append(new)
        // Like a call, and as dear as the memory it takes: a task may do nothing but spawn its successor and end.
        charge(1 + new.allocatedBytes >> 8)
        return true
    }

    func send(_ value: Value, on channel: Object) -> Bool {
        guard heap.appendToRing(value, channel) else { return outOfMemory() }
        wake(channel)
        return true
    }

    /// Lets one task that waits for the channel go on.
    private func wake(_ channel: Object) {
        guard !waitingTasks.isEmpty else { return }
        let address = UInt(bitPattern: channel.address)
        guard
            let index = waitingTasks.firstIndex(where: {
                if case .waiting(let channels) = $0.state { channels.contains(address) } else { false }
            })
        else { return }
        let woken = waitingTasks.remove(at: index)
        woken.state = .ready
        readyTasks.append(woken)
    }

    /// Suspends the running task at its instruction, which runs again when a channel has a value.
    func wait(on channels: [UInt]) -> CallResult {
        pc -= 1
        suspend()
        task.state = .waiting(on: channels)
        return .stop(.blocked)
    }

    /// The first of the channels, in order, that has a value.
    func select(_ i: UInt64, _ base: ValueWindow) -> CallResult {
        var addresses: [UInt] = []
        for index in 0..<i.c {
            let channel = base[i.b + index]
            guard channel.tag == Tag.channel else {
                _ = fail(.type, "select waits for channels, not for \(article(channel))")
                return .failed
            }
            if let value = channel.object.popOldest() {
                base[i.a] = .int(index)
                base[i.a + 1] = value
                return .done
            }
            addresses.append(UInt(channel.bits))
        }
        if i.d == 1 {
            base[i.a] = .int(-1)
            base[i.a + 1] = .void
            return .done
        }
        return wait(on: addresses)
    }
}

extension Heap {
    /// Adds a value at the end of a channel's ring; false beyond the quota.
    func appendToRing(_ value: Value, _ channel: Object) -> Bool {
        if channel.count == channel.elementCapacity, !grow(channel) { return false }
        channel.elements.unsafelyUnwrapped[(channel.head + channel.count) % channel.elementCapacity] = value
        channel.count += 1
        return true
    }
}

extension Object {
    /// Takes the oldest value out of a channel; nil when it is empty.
    func popOldest() -> Value? {
        guard count > 0, let elements else { return nil }
        let value = elements[head]
        head = (head + 1) % elementCapacity
        count -= 1
        return value
    }
}
