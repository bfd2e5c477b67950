@testable import Virtio
import TestSupport

/// A block driver joined to a model disk with known contents.
final class BlockBench {
    static let directFeatures: Features = [
        .version1, .eventIndex, BlockFeature.segmentsMax, BlockFeature.segmentBytesMax, BlockFeature.flush,
        BlockFeature.blockSize,
    ]
    static let allFeatures = directFeatures.union(.indirectDescriptors)

    let device: ModelDevice
    let driver: BlockDevice<ModelDevice>
    var disk: [UInt8]
    /// Requests that begin at these sectors end with this status.
    var statusOfSector: [UInt64: UInt8] = [:]
    /// Bytes by which the device's count falls short.
    var shortfall: UInt32 = 0
    private(set) var flushCount = 0
    /// Pieces of data in the request served last.
    private(set) var lastSegmentCount = 0
    private var taken: [DescriptorChain] = []

    init(sectorCount: UInt64 = 64, features: Features = allFeatures, queueSize: UInt32 = 256) throws {
        device = Self.makeDevice(features: features, sectorCount: sectorCount, queueSize: queueSize)
        driver = try BlockDevice(
            registers: device, memory: device.memory.allocate(BlockConfiguration().requirement))
        var random = SplitMix64(seed: sectorCount)
        disk = (0..<(Int(sectorCount) * 512)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    }

    static func makeDevice(features: Features, sectorCount: UInt64, queueSize: UInt32 = 256) -> ModelDevice {
        var configuration = [UInt8](repeating: 0, count: 60)
        for byte in 0..<8 {
            configuration[byte] = UInt8(truncatingIfNeeded: sectorCount >> UInt64(byte * 8))
        }
        configuration[9] = 0x20  // size_max 8192
        configuration[12] = 6  // seg_max
        configuration[21] = 0x10  // blk_size 4096
        return ModelDevice(.block, features: features, configuration: configuration, queueSizes: [queueSize])
    }

    /// Serves all requests there are; with a seed, in random order.
    func serveAll(shuffledBy seed: UInt64? = nil) throws {
        try takeAll()
        if let seed {
            var random = SplitMix64(seed: seed)
            taken.shuffle(using: &random)
        }
        while !taken.isEmpty {
            try serve(taken.removeFirst())
        }
    }

    /// Takes what there is, and serves up to `count` requests picked at random.
    func serve(count: Int, using random: inout SplitMix64) throws {
        try takeAll()
        for _ in 0..<min(count, taken.count) {
            try serve(taken.remove(at: Int.random(in: 0..<taken.count, using: &random)))
        }
    }

    private func takeAll() throws {
        try device.withQueue(0) { queue in
            var chain = DescriptorChain()
            while try queue.next(into: &chain) {
                taken.append(chain)
            }
        }
    }

    private func serve(_ chain: DescriptorChain) throws {
        let header = BlockRequestHeader(from: chain.readable[0])
        let start = Int(header.sector) * 512
        var written: UInt32 = 0
        lastSegmentCount = chain.readable.count + chain.writable.count - 2
        switch header.type {
        case .read:
            var position = start
            for region in chain.writable.dropLast() {
                region.bytes = Array(disk[position..<(position + region.byteCount)])
                position += region.byteCount
            }
            written = UInt32(position - start)
        case .write:
            let bytes = chain.readable.dropFirst().flatMap(\.bytes)
            disk.replaceSubrange(start..<(start + bytes.count), with: bytes)
        default:
            flushCount += 1
        }
        let status = header.type == .flush ? nil : statusOfSector[header.sector]
        chain.writable.last!.store(status ?? BlockStatus.ok, at: 0)
        try device.withQueue(0) { queue in
            queue.complete(head: chain.head, writtenByteCount: written + 1 - shortfall)
            _ = queue.publish()
        }
    }
}
