import ModelFormats
import Tokenizers
import Transformer

/// The first bytes of an HXM file, under their own checksums and then under right ones, so that the checks behind the
/// checksums are reached. The file's size is what the header states: tensors of many MiB need not be there.
func fuzzHXM(_ source: [UInt8]) {
    var bytes = source
    readHXM(bytes)
    guard bytes.count > 64 else { return }
    let tablesEnd = min(bytes.count, tablesEnd(of: bytes))
    guard tablesEnd > 64 else { return }
    signTokenizerTables(&bytes, tablesEnd: tablesEnd)
    sign(&bytes, tablesEnd: tablesEnd)
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
    useTokenizerTables(of: file, bytes)
}

/// Tables that are accepted make tokens of the vocabulary only. What is missing of the file is taken to be zeros.
private func useTokenizerTables(of file: ModelContainer, _ bytes: [UInt8]) {
    guard file.dataOffset <= 1 << 20 else { return }
    let whole = bytes + [UInt8](repeating: 0, count: max(0, file.dataOffset - bytes.count))
    whole.withUnsafeBytes { whole in
        guard let tokenizer = try? Tokenizer(file, mapped: whole) else { return }
        let text = [UInt8]("the \u{e9}<|im_end|> words".utf8)
        guard let tokens = try? tokenizer.encode(text.span, addSpecial: true, parseSpecial: true, limit: 1_024)
        else { preconditionFailure("so few bytes are not that many tokens") }
        precondition(tokens.allSatisfy { $0 >= 0 && $0 < tokenizer.vocabularySize }, "a token that there is not")
        _ = tokenizer.decode(tokens, renderSpecial: true)
    }
}

/// Makes the checksum in the tokenizer tables' record, which ends the tables, fit.
private func signTokenizerTables(_ bytes: inout [UInt8], tablesEnd: Int) {
    guard number(4, at: 8, in: bytes) == 2, tablesEnd >= 128,
        let fileSize = Int(exactly: number(8, at: 16, in: bytes)), fileSize >= bytes.count
    else { return }
    // Signed once, to learn from the reader where the tables are.
    sign(&bytes, tablesEnd: tablesEnd)
    guard case .complete(let file)? = try? ModelContainer.parse(prefix: bytes.span.bytes, fileSize: fileSize),
        file.dataOffset > tablesEnd, file.dataOffset <= 1 << 20
    else { return }
    let whole = bytes + [UInt8](repeating: 0, count: max(0, file.dataOffset - bytes.count))
    put(XXH64.digest(of: whole.span.bytes.extracting(tablesEnd..<file.dataOffset)), at: tablesEnd - 40, in: &bytes)
}

private func sign(_ bytes: inout [UInt8], tablesEnd: Int) {
    put(XXH64.digest(of: bytes.span.bytes.extracting(64..<tablesEnd)), at: 48, in: &bytes)
    put(XXH64.digest(of: bytes.span.bytes.extracting(0..<56)), at: 56, in: &bytes)
}

/// Where the header's sizes put the tables' end.
private func tablesEnd(of bytes: [UInt8]) -> Int {
    let metadata = min(number(8, at: 24, in: bytes), 1 << 32)
    let tensors = number(4, at: 36, in: bytes)
    let record: UInt64 = number(4, at: 8, in: bytes) == 1 ? 0 : 64
    return Int((64 + metadata + 63) / 64 * 64 + tensors * 128 + record)
}

private func number(_ byteCount: Int, at offset: Int, in bytes: [UInt8]) -> UInt64 {
    guard offset + byteCount <= bytes.count else { return 0 }
    return (0..<byteCount).reduce(0) { $0 | UInt64(bytes[offset + $1]) << UInt64(8 * $1) }
}

private func put(_ value: UInt64, at offset: Int, in bytes: inout [UInt8]) {
    for index in 0..<8 { bytes[offset + index] = UInt8(truncatingIfNeeded: value >> UInt64(8 * index)) }
}
