import Tensor

extension ModelContainer {
    /// Brings all weights into the layout that the kernels read, where they lie: no tensor changes its size or place.
    /// An HXM file's have it already.
    ///
    /// - Parameters:
    ///   - bytes: the whole file.
    ///   - crew: shares the work.
    ///   - progress: told, after each tensor, how many of how many bytes are done.
    public mutating func repack(
        in bytes: UnsafeMutableRawBufferPointer, crew: LaneCrew,
        progress: (_ byteCount: Int, _ totalByteCount: Int) -> Void = { _, _ in }
    ) {
        let packings = tensors.map { $0.packing }
        var total = 0
        var scratchByteCount = 0
        for (tensor, packing) in zip(tensors, packings) {
            guard let packing else { continue }
            total += tensor.byteCount
            scratchByteCount = max(scratchByteCount, packing.bytesPerPanel)
        }
        guard total > 0 else { return }
        let scratch = UnsafeMutableRawBufferPointer.allocate(
            byteCount: scratchByteCount * crew.capacity, alignment: 64)
        defer { scratch.deallocate() }
        var done = 0
        for index in tensors.indices {
            guard let packing = packings[index] else { continue }
            precondition(tensors[index].byteRange.upperBound <= bytes.count, "these are not the file's bytes")
            let place = UnsafeMutableRawBufferPointer(rebasing: bytes[tensors[index].byteRange])
            packing.packInPlace(place, crew: crew, scratch: scratch, scratchByteCount: scratchByteCount)
            tensors[index].layout = .panels
            done += tensors[index].byteCount
            progress(done, total)
        }
    }
}

extension PanelPacking {
    /// Bytes that a participant packs at a time: enough to be worth claiming, few enough to share out evenly.
    private static var chunkByteCount: Int { 256 << 10 }

    /// Packs a whole tensor.
    ///
    /// - Parameter scratch: `scratchByteCount` bytes, a panel's at least, for each participant.
    fileprivate func packInPlace(
        _ tensor: UnsafeMutableRawBufferPointer, crew: LaneCrew, scratch: UnsafeMutableRawBufferPointer,
        scratchByteCount: Int
    ) {
        let panelsPerChunk = max(1, Self.chunkByteCount / bytesPerPanel)
        let chunkCount = (panelCount + panelsPerChunk - 1) / panelsPerChunk
        // SAFETY: chunks are disjoint panels, and every participant has scratch memory of its own.
        crew.run(chunkCount: chunkCount) { chunk, participant in
            let first = chunk * panelsPerChunk
            let own = participant * scratchByteCount
            packInPlace(
                first..<min(first + panelsPerChunk, panelCount), of: tensor,
                scratch: UnsafeMutableRawBufferPointer(rebasing: scratch[own..<(own + scratchByteCount)]))
        }
    }
}
