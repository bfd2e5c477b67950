import Virtio

// Copies between a chain and bytes of ours. A driver may cut a request into descriptors wherever it likes (VIRTIO 1.2,
// 2.7.4.1), so nothing is expected of where one begins. Each byte of the guest's is read once.
extension DescriptorChain {
    /// Appends the readable bytes from `offset` on to `target`, `maximum` at most.
    func appendReadable(from offset: Int = 0, maximum: Int, to target: inout [UInt8]) {
        var (skipped, rest) = (offset, maximum)
        for region in readable where rest > 0 {
            let start = min(skipped, region.byteCount)
            let count = min(region.byteCount - start, rest)
            skipped -= start
            rest -= count
            // SAFETY: the queue checked that the region is guest memory, and the part lies in it.
            target.append(contentsOf: UnsafeRawBufferPointer(start: region.base + start, count: count))
        }
    }

    /// Writes `bytes` from the first writable byte on; answers how many there was room for.
    func fill(_ bytes: Span<UInt8>) -> Int {
        var taken = 0
        for region in writable where taken < bytes.count {
            let count = min(region.byteCount, bytes.count - taken)
            bytes.extracting(taken..<taken + count).withUnsafeBytes { source in
                // SAFETY: as above; guest memory and ours do not overlap.
                if count > 0 { region.base.copyMemory(from: source.baseAddress!, byteCount: count) }
            }
            taken += count
        }
        return taken
    }

    /// The last writable byte, where some devices put a status; nil when nothing can be written.
    var lastWritable: DMARegion? {
        guard let region = writable.last(where: { $0.byteCount > 0 }) else { return nil }
        return region.part(at: region.byteCount - 1, byteCount: 1)
    }
}

extension DMARegion {
    /// Its bytes as a system call takes them.
    var buffer: UnsafeMutableRawBufferPointer { UnsafeMutableRawBufferPointer(start: base, count: byteCount) }
}
