import Model

/// The first bytes of an HXM file, under their own checksums and then under right ones, so that the checks behind the
/// checksums are reached. The file's size is what the header states: tensors of many MiB need not be there.
func fuzzHXM(_ source: [UInt8]) {
    var bytes = source
    readHXM(bytes)
    guard bytes.count > 64 else { return }
    let tablesEnd = min(bytes.count, tablesEnd(of: bytes))
    guard tablesEnd > 64 else { return }
    put(XXH64.digest(of: bytes.span.bytes.extracting(64..<tablesEnd)), at: 48, in: &bytes)
    put(XXH64.digest(of: bytes.span.bytes.extracting(0..<56)), at: 56, in: &bytes)
    readHXM(bytes)
}

/// What is accepted lies within the file, in order.
private func readHXM(_ bytes: [UInt8]) {
    guard let fileSize = Int(exactly: number(8, at: 16, in: bytes)), fileSize >= bytes.count,
        case .complete(let file)? = try? ModelContainer.parse(prefix: bytes.span.bytes, fileSize: fileSize)
    else { return }
    var end = file.headerByteCount
    for tensor in file.tensors {
        precondition(tensor.offset >= end && tensor.byteRange.upperBound <= fileSize, "a tensor out of its place")
        end = tensor.byteRange.upperBound
    }
    _ = try? ModelConfiguration(file)
    _ = try? Tokenizer(file, bytes: bytes.span.bytes)
}

/// Where the header's sizes put the tables' end.
private func tablesEnd(of bytes: [UInt8]) -> Int {
    let metadata = min(number(8, at: 24, in: bytes), 1 << 32)
    let tensors = number(4, at: 36, in: bytes)
    return Int((64 + metadata + 63) / 64 * 64 + tensors * 128)
}

private func number(_ byteCount: Int, at offset: Int, in bytes: [UInt8]) -> UInt64 {
    guard offset + byteCount <= bytes.count else { return 0 }
    return (0..<byteCount).reduce(0) { $0 | UInt64(bytes[offset + $1]) << UInt64(8 * $1) }
}

private func put(_ value: UInt64, at offset: Int, in bytes: inout [UInt8]) {
    for index in 0..<8 { bytes[offset + index] = UInt8(truncatingIfNeeded: value >> UInt64(8 * index)) }
}
