import MonotonicTime

/// Byte streams over a virtio socket device (VIRTIO 1.2, 5.10), either side of it: the guest's driver and the VMM's
/// device speak the same protocol. Packets and time in, packets and events out.
///
/// The wire neither loses nor reorders, so there is nothing to repeat; credit keeps each side's buffers bounded. The
/// peer is not trusted: what breaks a rule resets the stream, and what belongs to none is answered with a reset.
///
/// The driver's loop: `receive` each packet, read events and move bytes, then `transmit` until it has nothing to send.
public struct VsockStack: Sendable {
    /// This side's context.
    public let localContext: UInt64
    /// The only context that packets may come from: the host's for a guest, the guest's for a host.
    let peerContext: UInt64
    let configuration: VsockConfiguration

    var slots: [Slot] = []
    private var freeSlots: [Int] = []
    var slotByKey: [VsockStreamKey: Int] = [:]
    var listeningPorts: [UInt32] = []
    private var nextLocalPort = Limits.vsockFirstLocalPort

    /// Streams with something to send, and streams with events. Ids of streams that are gone are skipped.
    var readySlots = FIFO<VsockStreamID>()
    var eventfulSlots = FIFO<VsockStreamID>()
    /// Endings of streams whose slots are free again.
    var endings = FIFO<Ending>()
    /// Resets for packets that belong to no stream.
    var resets = FIFO<VsockHeader>()
    /// Streams in state `closing`; few, and each only for a moment.
    var closingSlots: [Int] = []

    struct Ending: Sendable {
        let id: VsockStreamID
        let reason: VsockCloseReason
    }

    struct Slot: Sendable {
        var generation: UInt32 = 0
        var stream: VsockStream?
    }

    public init(localContext: UInt64, peerContext: UInt64, configuration: VsockConfiguration = VsockConfiguration()) {
        self.localContext = localContext
        self.peerContext = peerContext
        self.configuration = configuration
    }

    /// Forgets all streams without a word to either side: the device does not know them any more. Who listened still
    /// does.
    public mutating func dropStreams() {
        var fresh = VsockStack(localContext: localContext, peerContext: peerContext, configuration: configuration)
        fresh.listeningPorts = listeningPorts
        self = fresh
    }

    /// Streams that are not free, the ones in closing included.
    public var streamCount: Int { slotByKey.count }

    func id(of slot: Int) -> VsockStreamID { VsockStreamID(slot: slot, generation: slots[slot].generation) }

    /// The slot of a stream that is there.
    func slot(of id: VsockStreamID) -> Int? {
        guard slots.indices.contains(id.slot), slots[id.slot].generation == id.generation,
            slots[id.slot].stream != nil
        else { return nil }
        return id.slot
    }

    /// Makes a stream; nil when there are too many.
    mutating func makeStream(_ key: VsockStreamKey, _ state: VsockStream.State) -> Int? {
        guard slotByKey.count < configuration.streamCountMax else { return nil }
        let slot: Int
        if let free = freeSlots.popLast() {
            slot = free
        } else {
            slot = slots.count
            slots.append(Slot())
        }
        slots[slot].stream = VsockStream(key: key, state: state, configuration)
        slotByKey[key] = slot
        return slot
    }

    /// Forgets a stream. Its user is notified, unless it knows.
    mutating func removeStream(_ slot: Int, telling reason: VsockCloseReason?) {
        guard let stream = slots[slot].stream else { return }
        if let reason { endings.append(Ending(id: id(of: slot), reason: reason)) }
        slotByKey[stream.key] = nil
        if stream.isClosing { closingSlots.removeAll { $0 == slot } }
        slots[slot].stream = nil
        slots[slot].generation &+= 1
        freeSlots.append(slot)
    }

    /// Changes a stream, then records what it has to send and to report.
    mutating func update(_ slot: Int, _ body: (inout VsockStream) -> Void) {
        guard slots[slot].stream != nil else { return }
        body(&slots[slot].stream!)
        if slots[slot].stream!.hasSomethingToSend, !slots[slot].stream!.isReady {
            slots[slot].stream!.isReady = true
            readySlots.append(id(of: slot))
        }
        if !slots[slot].stream!.events.isEmpty, !slots[slot].stream!.isEventful {
            slots[slot].stream!.isEventful = true
            eventfulSlots.append(id(of: slot))
        }
    }

    /// A local port that no stream to `peer` uses.
    mutating func takeLocalPort(for peer: VsockAddress) -> UInt32 {
        while true {
            let port = nextLocalPort
            nextLocalPort = port == .max ? Limits.vsockFirstLocalPort : port + 1
            if slotByKey[VsockStreamKey(localPort: port, peer: peer)] == nil { return port }
        }
    }
}
