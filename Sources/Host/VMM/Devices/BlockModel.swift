import Glibc
import Virtio

/// A read-only disk whose content is a file (VIRTIO 1.2, 5.2).
final class BlockModel: DeviceModel {
    private let file: InputFile
    private var header: [UInt8] = []

    /// - Parameter file: the content; the last sector is filled up with zeros.
    init(_ file: consuming InputFile) { self.file = file }

    let id = DeviceID.block
    let queueSizes: [UInt16] = [256]
    var features: Features { [BlockFeature.readOnly, BlockFeature.segmentsMax] }

    var configuration: [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(littleEndian: sectorCount)
        bytes.append(littleEndian: UInt32(0))
        // Data segments: the queue's descriptors but those of header and status.
        bytes.append(littleEndian: UInt32(queueSizes[0] - 2))
        return bytes
    }

    private var sectorCount: UInt64 {
        (UInt64(file.byteCount) + UInt64(BlockSector.byteCount) - 1) / UInt64(BlockSector.byteCount)
    }

    func serve(_ queues: inout DeviceQueues) throws(DeviceVirtqueueFault) -> Bool {
        try queues.forEachChain(of: 0) { answer($0) }
    }

    /// Carries one request out; answers the bytes written. A request without room for a status is ignored.
    private func answer(_ chain: DescriptorChain) -> Int {
        guard let status = chain.lastWritable else { return 0 }
        header.removeAll(keepingCapacity: true)
        chain.appendReadable(maximum: BlockRequestHeader.byteCount, to: &header)
        var written = 0
        var outcome = BlockStatus.unsupported
        if header.count == BlockRequestHeader.byteCount {
            let sector = header.span.integer64(at: 8)
            switch BlockRequestType(rawValue: header.span.integer32(at: 0)) {
            case .read:
                written = read(sector, into: chain) ?? 0
                outcome = written == chain.writableByteCount - 1 ? BlockStatus.ok : BlockStatus.ioError
            case .write: outcome = BlockStatus.ioError
            case .flush: outcome = BlockStatus.ok
            default: break
            }
        }
        status.buffer[0] = outcome
        return outcome == BlockStatus.ok ? written + 1 : Int(chain.writableByteCount)
    }

    /// Reads sectors into all of the chain but its last byte; answers how many bytes, or nil when they are not all on
    /// the disk.
    private func read(_ sector: UInt64, into chain: DescriptorChain) -> Int? {
        let wanted = UInt64(chain.writableByteCount) - 1
        let sectors = wanted / UInt64(BlockSector.byteCount)
        guard wanted % UInt64(BlockSector.byteCount) == 0, sector <= sectorCount, sectors <= sectorCount - sector else {
            return nil
        }
        var (position, rest) = (sector * UInt64(BlockSector.byteCount), Int(wanted))
        for region in chain.writable where rest > 0 {
            let count = min(region.byteCount, rest)
            guard fill(region.part(at: 0, byteCount: count).buffer, from: position) else { return nil }
            position += UInt64(count)
            rest -= count
        }
        return Int(wanted)
    }

    private func fill(_ buffer: UnsafeMutableRawBufferPointer, from start: UInt64) -> Bool {
        var taken = 0
        while taken < buffer.count {
            let count = pread(
                file.descriptor.number, buffer.baseAddress! + taken, buffer.count - taken, off_t(start) + taken)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { return false }
            if count == 0 {
                // The file's end, within the last sector.
                for index in taken..<buffer.count { buffer[index] = 0 }
                return true
            }
            taken += count
        }
        return true
    }
}
