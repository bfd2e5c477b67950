import Tensor

extension PackedPlan.Placement {
    /// Writes the tensor as it is to lie in the new file, and answers its checksum.
    ///
    /// - Parameters:
    ///   - model: the whole file that the plan was made for.
    ///   - target: the tensor's bytes; exactly as many as it has.
    public func write(from model: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer) -> UInt64 {
        precondition(source.byteRange.upperBound <= model.count, "the plan was made for another file")
        precondition(target.count == source.byteCount, "a tensor keeps its size")
        let bytes = UnsafeRawBufferPointer(rebasing: model[source.byteRange])
        var packedByteCount = 0
        if let packing = source.packing {
            packing.pack(0..<packing.panelCount, from: bytes, into: target)
            packedByteCount = packing.panelCount * packing.bytesPerPanel
        }
        // Rows beyond the last panel, or all of them, stay as they are.
        UnsafeMutableRawBufferPointer(rebasing: target[packedByteCount...])
            .copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[packedByteCount...]))
        return XXH64.digest(of: UnsafeRawBufferPointer(target).bytes)
    }
}
