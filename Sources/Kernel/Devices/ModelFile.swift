import KernelCore
import Law
import MonotonicTime
import Virtio

/// A file read from a block device into memory, whole.
struct ModelFile {
    let bytes: UnsafeMutableRawBufferPointer
    /// How long the reading took.
    let duration: Interval

    enum LoadError: Error {
        case noDevice(index: Int, count: Int)
        case sizeBeyondDevice(byteCount: UInt64, deviceByteCount: UInt64)
        case noMemory(byteCount: UInt64, freeByteCount: UInt64)
        case device(String)

        var message: String {
            switch self {
            case .noDevice(let index, let count):
                "block device \(index) is not there (\(count) found); see the command line and the VMM's drives"
            case .sizeBeyondDevice(let byteCount, let deviceByteCount):
                "the file is said to have \(byteCount) bytes on the command line, "
                    + "the device has \(deviceByteCount)"
            case .noMemory(let byteCount, let freeByteCount):
                "\(byteCount >> 20) MiB are needed for the file, \(freeByteCount >> 20) MiB are free; "
                    + "give the machine more with --memory"
            case .device(let reason):
                "cannot be read: \(reason)"
            }
        }
    }

    private static var sectorBytes: UInt64 { 512 }
    /// Enough in flight to cover the host's latency; larger requests gain nothing.
    private static var requestBytes: Int { 1 << 20 }
    /// How long to wait for an interrupt before looking again: a lost one must not hang the boot.
    private static var pollInterval: Interval { .milliseconds(10) }

    /// Reads the file on block device `index`, with the device kept busy throughout and the core free in between.
    ///
    /// - Parameter byteCount: the file's size; the whole device when nil.
    static func load(
        _ permit: consuming Permit<Read>, from blocks: [BlockDevice<DeviceInventory.Registers>], index: Int,
        byteCount: UInt64?
    ) async throws(LoadError) -> ModelFile {
        precondition(permit.target == .blockDevice)
        guard blocks.indices.contains(index) else { throw .noDevice(index: index, count: blocks.count) }
        let device = blocks[index]
        let deviceByteCount = device.sectorCount * sectorBytes
        let fileByteCount = byteCount ?? deviceByteCount
        guard fileByteCount <= deviceByteCount else {
            throw .sizeBeyondDevice(byteCount: fileByteCount, deviceByteCount: deviceByteCount)
        }
        let padded = Int((fileByteCount + sectorBytes - 1) / sectorBytes * sectorBytes)
        guard let memory = KernelHeap.allocatePages(byteCount: padded, alignment: Int(Limits.largePageBytes)) else {
            throw .noMemory(byteCount: fileByteCount, freeByteCount: KernelHeap.freeByteCount)
        }
        let start = MachineClock.now
        try await read(device, into: DeviceMemory.region(memory, byteCount: padded))
        return ModelFile(
            bytes: UnsafeMutableRawBufferPointer(start: memory, count: Int(fileByteCount)),
            duration: MachineClock.now - start)
    }

    private static func read(
        _ device: BlockDevice<DeviceInventory.Registers>, into memory: DMARegion
    ) async throws(LoadError) {
        var read = SequentialRead(from: 0, into: memory, requestByteCount: requestBytes)
        while true {
            do throws(SequentialReadError) {
                try device.advance(&read)
            } catch {
                throw .device(describe(error))
            }
            switch read.state {
            case .finished: return
            case .failed(let sector, let failure): throw .device("sector \(sector): \(failure.description)")
            case .running:
                if device.armInterrupts() { continue }
                await Executor.waitForInterrupt(until: MachineClock.now + pollInterval)
                device.clearInterrupt()
                device.suppressInterrupts()
            }
        }
    }

    private static func describe(_ error: SequentialReadError) -> String {
        switch error {
        case .device(let fault): fault.description
        case .refused(.busy): "the device takes no request at all"
        case .refused: "the device refuses the requests"
        }
    }
}
