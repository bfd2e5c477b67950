import ModelFormats
import Tokenizers

/// HXM files in memory: well-formed ones, and ones with a wrong field under checksums that are right.
package enum PackedModel {
    /// The file that a GGUF file becomes.
    package static func pack(_ gguf: [UInt8]) throws(ContainerError) -> [UInt8] {
        let source = try ModelContainer(gguf.span.bytes)
        let plan = PackedPlan(source, tokenizer: (try? Tokenizer(source, bytes: gguf.span.bytes))?.encodedTables)
        var file = [UInt8](repeating: 0, count: plan.fileByteCount)
        let checksums = plan.placements.map { placement in
            file.withUnsafeMutableBytes { file in
                let range = placement.offset..<(placement.offset + placement.source.byteCount)
                let target = UnsafeMutableRawBufferPointer(rebasing: file[range])
                return gguf.withUnsafeBytes { placement.write(from: $0, into: target) }
            }
        }
        let header = plan.header(source: gguf.span.bytes, checksums: checksums)
        file.replaceSubrange(0..<header.count, with: header)
        return file
    }

    /// Makes the checksums of header and tables fit `file` again.
    package static func sign(_ file: inout [UInt8], tablesEnd: Int) {
        put(XXH64.digest(of: file.span.bytes.extracting(64..<tablesEnd)), at: 48, in: &file)
        put(XXH64.digest(of: file.span.bytes.extracting(0..<56)), at: 56, in: &file)
    }

    /// Overwrites an integer, little-endian.
    package static func put<Value: FixedWidthInteger>(_ value: Value, at offset: Int, in file: inout [UInt8]) {
        withUnsafeBytes(of: value.littleEndian) { file.replaceSubrange(offset..<(offset + $0.count), with: $0) }
    }
}
