extension ModelContainer {
    /// Compares every tensor with its checksum; a tensor without one, as in GGUF files, passes.
    ///
    /// - Parameters:
    ///   - bytes: the whole file.
    ///   - progress: told, after each tensor, how many bytes of tensors have been read.
    public func verifyTensors(
        in bytes: UnsafeRawBufferPointer, progress: (_ byteCount: Int) -> Void = { _ in }
    ) throws(ContainerError) {
        var byteCount = 0
        for tensor in tensors {
            if let stated = tensor.checksum {
                precondition(tensor.byteRange.upperBound <= bytes.count, "these are not the file's bytes")
                let actual = XXH64.digest(of: bytes.bytes.extracting(tensor.byteRange))
                guard stated == actual else {
                    throw ContainerError(
                        offset: tensor.offset, field: "tensor '" + tensor.name + "': checksum",
                        problem: .checksumMismatch(stated: stated, actual: actual))
                }
            }
            byteCount += tensor.byteCount
            progress(byteCount)
        }
    }
}
