import MonotonicTime
import Net
import Virtio

/// The host's side of a socket device (VIRTIO 1.2, 5.10): packets of the guest's queues in and out of a `VsockStack`,
/// whose streams are connected to the world by its owner.
final class SocketModel: DeviceModel {
    /// Streams that the guest and the world have between them.
    var stack: VsockStack
    private let guestContext: UInt64
    /// Called after the guest's packets have been taken in: there may be events.
    var onPackets: () -> Void = {}
    /// Called when the driver has reset the device, before which all streams were lost.
    var onReset: () -> Void = {}
    private var packet: [UInt8] = []
    private var outgoing = [UInt8](repeating: 0, count: SocketModel.packetBytesMax)

    /// The most that one packet carries (Linux: `VIRTIO_VSOCK_MAX_PKT_BUF_SIZE`).
    private static let packetBytesMax = VsockHeader.byteCount + 64 << 10

    init(guestContext: UInt64) {
        self.guestContext = guestContext
        stack = Self.makeStack(guestContext)
    }

    private static func makeStack(_ guestContext: UInt64) -> VsockStack {
        VsockStack(localContext: VsockAddress.hostContext, peerContext: guestContext)
    }

    let id = DeviceID.socket
    let queueSizes: [UInt16] = [128, 128, 8]
    var features: Features { SocketFeature.stream }

    var configuration: [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(littleEndian: guestContext)
        return bytes
    }

    func serve(_ queues: inout DeviceQueues) throws(DeviceVirtqueueFault) -> Bool {
        let hasMore = try queues.forEachChain(of: Int(SocketQueue.transmit)) { chain in
            packet.removeAll(keepingCapacity: true)
            chain.appendReadable(maximum: Self.packetBytesMax, to: &packet)
            let bytes = packet
            stack.receive(bytes.span.bytes)
            return 0
        }
        onPackets()
        // What does not find a buffer waits in the stack until the guest offers one, which is a notification.
        for _ in 0..<queueSizes[0] {
            guard stack.hasPacket, try queues.next(Int(SocketQueue.receive)) else { return hasMore }
            queues.complete(Int(SocketQueue.receive), writtenByteCount: fill(queues.chain))
        }
        return true
    }

    /// Puts the next packet into a chain. A buffer too small for a header is given back empty.
    private func fill(_ chain: DescriptorChain) -> Int {
        let room = min(Int(chain.writableByteCount), outgoing.count)
        guard room >= VsockHeader.byteCount else { return 0 }
        // Moved out and back, so that it can be lent while the stack changes.
        var bytes = outgoing
        outgoing = []
        defer { outgoing = bytes }
        var span = bytes.mutableSpan
        var part = span.extracting(first: room)
        var buffer = part.mutableBytes
        guard let byteCount = stack.transmit(into: &buffer) else { return 0 }
        return chain.fill(bytes.span.extracting(first: byteCount))
    }

    func reset() {
        stack = Self.makeStack(guestContext)
        onReset()
    }
}
