import Glibc
import HostSystem
import Virtio

/// A network device (VIRTIO 1.2, 5.1) in front of a descriptor that takes and gives one Ethernet frame a call: a tap
/// interface of the host. No offloads: frames are complete both ways.
final class NetworkModel: DeviceModel {
    private let interface: FileDescriptor
    private let macAddress: [UInt8]?
    /// A frame from the host for which the guest had no buffer yet.
    private var waiting: [UInt8] = []
    private var outgoing: [UInt8] = []
    private var isListening = false
    /// Told whether the interface is to be waited for: not while a frame waits for the guest.
    var onListening: (Bool) -> Void = { _ in }

    /// - Parameters:
    ///   - interface: non-blocking.
    ///   - macAddress: six bytes; without one the guest chooses.
    init(_ interface: consuming FileDescriptor, macAddress: [UInt8]?) {
        self.interface = interface
        self.macAddress = macAddress
    }

    var descriptor: Int32 { interface.number }

    let id = DeviceID.network
    let queueSizes: [UInt16] = [256, 256]
    var features: Features { macAddress == nil ? [] : NetworkFeature.macAddress }
    var configuration: [UInt8] { macAddress ?? [] }

    func serve(_ queues: inout DeviceQueues) throws(DeviceVirtqueueFault) -> Bool {
        let hasMore = try queues.forEachChain(of: Int(NetworkQueue.transmit)) { chain in
            send(chain)
            return 0
        }
        for _ in 0..<queueSizes[0] {
            if waiting.isEmpty { waiting = receive() }
            guard !waiting.isEmpty, try queues.next(Int(NetworkQueue.receive)) else {
                listen(waiting.isEmpty)
                return hasMore
            }
            queues.complete(Int(NetworkQueue.receive), writtenByteCount: deliver(to: queues.chain))
        }
        return true
    }

    /// Has the interface not waited for any more, until the driver gives the device work again.
    func pause() { listen(false) }

    func reset() { waiting = [] }

    private func listen(_ isWanted: Bool) {
        guard isWanted != isListening else { return }
        isListening = isWanted
        onListening(isWanted)
    }

    /// Sends a frame of the guest's. One that the host does not take is lost, as on any link.
    private func send(_ chain: DescriptorChain) {
        outgoing.removeAll(keepingCapacity: true)
        chain.appendReadable(
            from: NetworkHeader.byteCount, maximum: VMMLimits.frameBytesMax + 1, to: &outgoing)
        guard outgoing.count <= VMMLimits.frameBytesMax else { return }
        _ = outgoing.withUnsafeBytes { Glibc.write(interface.number, $0.baseAddress, $0.count) }
    }

    /// The next frame of the host's; empty when there is none. One that no buffer of the guest's is made for is lost.
    private func receive() -> [UInt8] {
        for _ in 0..<queueSizes[0] {
            guard let frame = interface.read(upTo: VMMLimits.frameBytesMax + 1), !frame.isEmpty else { return [] }
            if frame.count <= VMMLimits.frameBytesMax { return frame }
        }
        return []
    }

    /// Puts the waiting frame into a chain. A buffer too small for it is given back empty.
    private func deliver(to chain: DescriptorChain) -> Int {
        var header = [UInt8](repeating: 0, count: NetworkHeader.byteCount)
        // 5.1.6.4: one buffer for the frame.
        header[Self.bufferCountOffset] = 1
        let packet = header + waiting
        guard Int(chain.writableByteCount) >= packet.count else { return 0 }
        waiting = []
        return chain.fill(packet.span)
    }

    private static let bufferCountOffset = 10
}
