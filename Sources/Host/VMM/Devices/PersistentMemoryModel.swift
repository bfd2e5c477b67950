import Virtio

/// A file mapped into the guest's memory (VIRTIO 1.2, 5.19): the device itself only says where, and answers flushes.
/// There is nothing to flush, as the guest cannot write to it.
final class PersistentMemoryModel: DeviceModel {
    private let address: UInt64
    private let byteCount: UInt64

    init(address: UInt64, byteCount: Int) {
        self.address = address
        self.byteCount = UInt64(byteCount)
    }

    let id = DeviceID.persistentMemory
    let queueSizes: [UInt16] = [8]
    let features: Features = []

    var configuration: [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(littleEndian: address)
        bytes.append(littleEndian: byteCount)
        return bytes
    }

    func serve(_ queues: inout DeviceQueues) throws(DeviceVirtqueueFault) -> Bool {
        try queues.forEachChain(of: 0) { chain in
            let success: [4 of UInt8] = [0, 0, 0, 0]
            return chain.fill(success.span)
        }
    }
}
