import Virtio

/// A console with one port (VIRTIO 1.2, 5.3).
final class ConsoleModel: DeviceModel {
    private let output: ([UInt8]) -> Void
    private var input: [UInt8] = []
    private var scratch: [UInt8] = []

    /// - Parameter output: takes what the guest writes.
    init(output: @escaping ([UInt8]) -> Void) { self.output = output }

    let id = DeviceID.console
    let queueSizes: [UInt16] = [64, 64]
    let features: Features = []
    let configuration: [UInt8] = []

    /// Bytes of one request that are put out; the rest is dropped. A log line is far below.
    private static let writeBytesMax = 64 << 10

    /// Queues bytes for the guest; what is beyond the queue's length is lost. Serve the device afterwards.
    func receive(_ bytes: some Collection<UInt8>) {
        input += bytes.prefix(VMMLimits.consoleInputBytesMax - input.count)
    }

    func serve(_ queues: inout DeviceQueues) throws(DeviceVirtqueueFault) -> Bool {
        for _ in 0..<queueSizes[0] where !input.isEmpty {
            guard try queues.next(Int(ConsoleQueue.receive)) else { break }
            let count = queues.chain.fill(input.span)
            input.removeFirst(count)
            queues.complete(Int(ConsoleQueue.receive), writtenByteCount: count)
        }
        return try queues.forEachChain(of: Int(ConsoleQueue.transmit)) { chain in
            scratch.removeAll(keepingCapacity: true)
            chain.appendReadable(maximum: Self.writeBytesMax, to: &scratch)
            output(scratch)
            return 0
        }
    }
}
