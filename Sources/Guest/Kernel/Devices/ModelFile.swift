import GuestInterface
import KernelCore
import Law
import ModelFormats
import MonotonicTime
import Virtio

/// The model's file in memory, whole: read from a block device, or where the VMM has mapped it.
struct ModelFile {
    /// Shared where the mapped file itself is used; a copy of its own otherwise.
    let memory: ModelMemory
    /// How long the reading took; nil where there was nothing to read.
    let readingDuration: Interval?

    enum LoadError: Error {
        case noDevice(name: StaticString, index: Int, count: Int)
        case sizeBeyondDevice(byteCount: UInt64, deviceByteCount: UInt64)
        case noMemory(byteCount: UInt64, freeByteCount: UInt64)
        case device(String)

        var message: String {
            switch self {
            case .noDevice(let name, let index, let count):
                "\(name) \(index) is not there (\(count) found); see the command line and the VMM's drives"
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

    /// The file on a device.
    ///
    /// - Parameter byteCount: the file's size; the whole device when nil.
    static func load(
        _ permit: consuming Permit<Read, BlockDeviceTarget>, from devices: DeviceInventory,
        _ place: KernelConfiguration.ModelDevice,
        byteCount: UInt64?
    ) async throws(LoadError) -> ModelFile {
        switch place {
        case .block(let index):
            guard devices.blocks.indices.contains(index) else {
                throw .noDevice(name: "block device", index: index, count: devices.blocks.count)
            }
            return try await read(devices.blocks[index], byteCount: byteCount)
        case .persistentMemory(let index):
            let regions = devices.persistentMemories
            guard regions.indices.contains(index) else {
                throw .noDevice(name: "persistent memory", index: index, count: regions.count)
            }
            return try mapped(regions[index], byteCount: byteCount)
        }
    }

    private static func mapped(_ region: PhysicalRange, byteCount: UInt64?) throws(LoadError) -> ModelFile {
        let fileByteCount = byteCount ?? region.byteCount
        guard fileByteCount <= region.byteCount else {
            throw .sizeBeyondDevice(byteCount: fileByteCount, deviceByteCount: region.byteCount)
        }
        // SAFETY: the inventory has mapped the region, one to one and for good.
        let bytes = UnsafeRawBufferPointer(
            start: UnsafeRawPointer(bitPattern: UInt(region.start)), count: Int(fileByteCount))
        guard !ModelContainer.isUsableInPlace(bytes) else {
            return ModelFile(memory: .shared(bytes), readingDuration: nil)
        }
        let start = MachineClock.now
        guard let copy = KernelHeap.allocatePages(byteCount: bytes.count, alignment: Int(Limits.largePageBytes)) else {
            throw .noMemory(byteCount: fileByteCount, freeByteCount: KernelHeap.freeByteCount)
        }
        copy.copyMemory(from: bytes.baseAddress!, byteCount: bytes.count)
        return ModelFile(
            memory: .exclusive(UnsafeMutableRawBufferPointer(start: copy, count: bytes.count)),
            readingDuration: MachineClock.now - start)
    }

    /// Reads a whole disk, with the device kept busy throughout and the core free in between.
    private static func read(
        _ device: BlockDevice<DeviceInventory.Registers>, byteCount: UInt64?
    ) async throws(LoadError) -> ModelFile {
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
            memory: .exclusive(UnsafeMutableRawBufferPointer(start: memory, count: Int(fileByteCount))),
            readingDuration: MachineClock.now - start)
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
