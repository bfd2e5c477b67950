/// Puts a kernel and what it is told into a machine's memory.
enum KernelLoader {
    /// - Returns: where and how the first processor starts, once `describe` has said to the kernel what it runs on.
    static func load(_ path: String, into memory: MachineMemory) throws(VMMError) -> EntryState {
        let file = try InputFile(path)
        let mapping = try MemoryMapping(file: file.descriptor, fileByteCount: file.byteCount)
        // SAFETY: the mapping holds the file's readable bytes and outlives the span.
        let bytes = Span<UInt8>(
            _unsafeStart: UnsafePointer(mapping.base.assumingMemoryBound(to: UInt8.self)), count: file.byteCount)
        let image: ELFImage
        do {
            image = try ELFImage(bytes, memory: AddressLayout.imageStart..<memory.layout.lowByteCount)
        } catch {
            throw .image(error)
        }
        for segment in image.segments {
            // The rest of each segment is zeros, as is memory that nobody has touched.
            memory.write(
                UnsafeRawBufferPointer(start: mapping.base + segment.fileOffset, count: segment.fileByteCount),
                at: segment.physicalAddress)
        }
        return EntryState(entry: image.entry, startInfo: UInt32(StartInfo.Address.startInfo))
    }

    /// Writes what the kernel is told: its command line, and where it has memory.
    static func describe(commandLine: String, in memory: MachineMemory) throws(VMMError) {
        let information = try StartInfo(commandLine: commandLine, usable: memory.layout.usable)
        for (bytes, address) in [
            (information.startInfo, StartInfo.Address.startInfo),
            (information.memoryMap, StartInfo.Address.memoryMap),
            (information.commandLine, StartInfo.Address.commandLine),
        ] {
            bytes.withUnsafeBytes { memory.write($0, at: address) }
        }
    }

    /// Touches the memory behind the image, where a kernel begins to work, before the kernel does.
    static func touchAhead(in memory: MachineMemory) {
        memory.touch(touchedAhead)
    }

    /// Where our kernel, whose image ends before the third huge page, has its first data.
    private static let touchedAhead: Range<UInt64> = 6 << 20..<10 << 20
}

extension MachineMemory {
    /// Writes before the machine runs. Traps unless `address` was checked to be memory.
    func write(_ bytes: UnsafeRawBufferPointer, at address: UInt64) {
        guard let region = region(at: address, byteCount: UInt64(bytes.count)) else {
            preconditionFailure("boot data outside of the memory that was checked")
        }
        if bytes.count > 0 { region.base.copyMemory(from: bytes.baseAddress!, byteCount: bytes.count) }
    }
}
