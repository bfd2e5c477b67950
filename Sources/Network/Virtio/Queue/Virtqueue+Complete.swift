/// A chain that the device has given back.
public struct VirtqueueCompletion: Equatable, Sendable {
    /// The name under which the chain was submitted.
    public let token: UInt32
    /// Bytes the device wrote, from the first writable buffer on; at most as many as were offered. Bytes behind them
    /// hold nothing of meaning (2.7.8.2).
    public let writtenByteCount: UInt32
}

extension Virtqueue {
    /// Takes the next chain that the device has given back, or nil when there is none.
    ///
    /// A fault is thrown once the device breaks the rules, and again on every later call.
    public mutating func nextCompletion() throws(VirtqueueFault) -> VirtqueueCompletion? {
        if let fault {
            throw fault
        }
        if completedCount == announcedCount {
            try lookForAnnouncements()
            guard completedCount != announcedCount else { return nil }
        }
        let slot = Int(completedCount & indexMask)
        let entry = layout.usedRing + UsedRingLayout.entries + slot * UsedRingLayout.entryByteCount
        let identifier = memory.loadOnce32(at: entry + UsedRingLayout.entryIdentifier)
        let written = memory.loadOnce32(at: entry + UsedRingLayout.entryLength)

        guard identifier < UInt32(layout.size) else {
            throw fail(.identifierOutOfRange(identifier, queueSize: layout.size))
        }
        let head = UInt16(identifier)
        let chain = chains[Int(head)]
        guard chain.descriptorCount > 0, chain.serial < publishedCount else {
            throw fail(.identifierNotInFlight(head))
        }
        guard written <= chain.writableByteCount else {
            throw fail(.lengthTooLong(written: written, offered: chain.writableByteCount))
        }
        release(head)
        completedCount += 1
        return VirtqueueCompletion(token: chain.token, writtenByteCount: written)
    }

    /// Whether `nextCompletion` has something to say, be it a completion or a fault.
    public var hasCompletion: Bool {
        fault != nil || UInt16(truncatingIfNeeded: completedCount) != usedIndex
    }

    /// Asks the device for no interrupts, as long as its completions are polled for.
    public mutating func suppressInterrupts() {
        if usesEventIndex {
            // Half the index space ahead: further than the device can come before the next poll (2.7.7.1), and not
            // behind either, where completions lie that it has yet to signal.
            storeUsedEvent(UInt16(truncatingIfNeeded: completedCount) &+ VirtioLimits.queueSizeMax)
        } else {
            memory.store(
                AvailableRingLayout.noInterrupt, at: layout.availableRing + AvailableRingLayout.flags)
        }
    }

    /// Asks the device for an interrupt with its next completion.
    ///
    /// - Returns: whether a completion arrived before the device could see the wish. No interrupt may come for that
    ///   one: collect it now instead of going idle.
    public mutating func armInterrupts() -> Bool {
        if usesEventIndex {
            storeUsedEvent(UInt16(truncatingIfNeeded: completedCount))
        } else {
            memory.store(UInt16(0), at: layout.availableRing + AvailableRingLayout.flags)
        }
        // The wish must be visible before the look at the index, or both sides could wait for each other (2.7.7.1).
        fullFence()
        return hasCompletion
    }

    private var usedIndex: UInt16 { memory.loadAcquiring16(at: layout.usedRing + UsedRingLayout.index) }

    private func storeUsedEvent(_ index: UInt16) {
        memory.store(index, at: layout.availableRing + AvailableRingLayout.usedEvent(size: layout.size))
    }

    /// Reads how far the device claims to have come. It can have completed no more than it was given.
    private mutating func lookForAnnouncements() throws(VirtqueueFault) {
        let advance = usedIndex &- UInt16(truncatingIfNeeded: completedCount)
        let outstanding = UInt16(truncatingIfNeeded: publishedCount - completedCount)
        guard advance <= outstanding else {
            throw fail(.usedIndexJump(advance: advance, outstanding: outstanding))
        }
        announcedCount = completedCount + UInt64(advance)
    }

    private mutating func release(_ head: UInt16) {
        let count = chains[Int(head)].descriptorCount
        chains[Int(head)].descriptorCount = 0
        var tail = head
        for _ in 1..<count {
            tail = successors[Int(tail)]
        }
        successors[Int(tail)] = freeHead
        freeHead = head
        freeDescriptorCount += Int(count)
    }

    private mutating func fail(_ fault: VirtqueueFault) -> VirtqueueFault {
        self.fault = fault
        return fault
    }
}
