import Virtio

/// What makes a virtio device of its kind: everything but the transport's registers, which `DeviceTransport` keeps.
///
/// A model is only ever called by one thread at a time, under the machine's lock.
protocol DeviceModel: AnyObject {
    var id: DeviceID { get }
    /// Feature bits of this kind; the transport adds its own.
    var features: Features { get }
    /// The most descriptors of each queue.
    var queueSizes: [UInt16] { get }
    /// The configuration space, which the guest only reads.
    var configuration: [UInt8] { get }

    /// Does what the queues and the outside ask for, a bounded amount of it.
    ///
    /// - Returns: whether there is more to do at once.
    func serve(_ queues: inout DeviceQueues) throws(DeviceVirtqueueFault) -> Bool

    /// The driver has reset the device: all it knew of its queues is void.
    func reset()
}

extension DeviceModel {
    func reset() {}
}

/// The queues that the driver has set up, with the work that all device models share.
struct DeviceQueues {
    typealias Queue = DeviceVirtqueue<MachineMemory>

    private var queues: [Queue?]
    /// The chain taken last; one value for all, so that taking one allocates nothing.
    var chain = DescriptorChain()

    init(count: Int) { queues = Array(repeating: nil, count: count) }

    func isReady(_ index: Int) -> Bool { queues[index] != nil }

    mutating func set(_ index: Int, to queue: Queue?) { queues[index] = queue }

    /// Takes the next chain of queue `index` into `chain`; false when there is none, after which the driver will tell
    /// when there is one.
    mutating func next(_ index: Int) throws(DeviceVirtqueueFault) -> Bool {
        guard queues[index] != nil else { return false }
        if try queues[index]!.next(into: &chain) { return true }
        // A chain offered just before the driver could see the wish is taken now: no notification follows.
        return queues[index]!.armNotifications() ? try queues[index]!.next(into: &chain) : false
    }

    /// Gives `chain` back to queue `index`, with so many bytes written to it.
    mutating func complete(_ index: Int, writtenByteCount: Int) {
        queues[index]!.complete(head: chain.head, writtenByteCount: UInt32(writtenByteCount))
    }

    /// Shows the driver what was given back.
    ///
    /// - Returns: whether it wants an interrupt for any of it.
    mutating func publish() -> Bool {
        var wantsInterrupt = false
        for index in queues.indices where queues[index] != nil {
            if queues[index]!.publish() { wantsInterrupt = true }
        }
        return wantsInterrupt
    }

    /// Hands each chain of queue `index` to `body`, which answers the bytes it wrote; as many chains as the queue has
    /// descriptors, so that a guest which offers chains without end cannot keep others waiting.
    ///
    /// - Returns: whether there may be more.
    mutating func forEachChain(
        of index: Int, _ body: (DescriptorChain) -> Int
    ) throws(DeviceVirtqueueFault) -> Bool {
        guard let size = queues[index]?.size else { return false }
        for _ in 0..<size {
            guard try next(index) else { return false }
            complete(index, writtenByteCount: body(chain))
        }
        return true
    }
}
