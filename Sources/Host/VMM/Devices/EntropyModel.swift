import CLinux
import Glibc
import Virtio

/// A source of random bytes: the host's (VIRTIO 1.2, 5.4).
final class EntropyModel: DeviceModel {
    let id = DeviceID.entropy
    let queueSizes: [UInt16] = [8]
    let features: Features = []
    let configuration: [UInt8] = []

    func serve(_ queues: inout DeviceQueues) throws(DeviceVirtqueueFault) -> Bool {
        try queues.forEachChain(of: 0) { chain in
            var written = 0
            for region in chain.writable {
                let wanted = min(region.byteCount, VMMLimits.entropyRequestBytesMax - written)
                guard wanted > 0 else { break }
                let count = getrandom(region.base, wanted, 0)
                guard count == wanted else { return written }
                written += count
            }
            return written
        }
    }
}
