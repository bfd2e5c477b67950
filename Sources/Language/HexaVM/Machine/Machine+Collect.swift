extension Machine {
    // SAFETY: frames and function records that the machine points to live as long as its tasks and its program.

    /// Frees what the program cannot reach any more. Runs between instructions only: registers hold all live values.
    func collect() {
        suspend()
        charge(heap.allocatedBytes >> 12)
        markStack(of: task)
        for other in readyTasks { markStack(of: other) }
        for other in waitingTasks { markStack(of: other) }
        heap.mark(globals, count: globalCount)
        heap.mark(constants, count: constantCount)
        heap.mark(thrown)
        heap.mark(memoryError)
        heap.drain()
        heap.sweep()
    }

    /// Marks the registers in use and clears the others, which may hold values from calls that have returned.
    private func markStack(of task: ProgramTask) {
        var current = task.frames
        while current <= task.frame {
            if current.pointee.closure != 0,
                let address =
                    UnsafeMutableRawPointer(bitPattern: current.pointee.closure)
            {
                heap.mark(Object(address: address))
            }
            current += 1
        }
        let top = task.frame.pointee
        let used = (top.base - task.stack) + Int(top.function.pointee.registerCount)
        heap.mark(task.stack, count: used)
        (task.stack + used).update(repeating: .void, count: task.stackCapacity - used)
    }

    /// Called before an instruction allocates.
    @inline(__always)
    func collectIfNeeded() {
        if heap.needsCollection { collect() }
    }

    /// Raises the memory error, after the interpreter has collected and tried once more.
    func outOfMemory() -> Bool {
        metQuota = true
        thrown = memoryError
        return false
    }
}
