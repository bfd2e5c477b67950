import Tensor

/// What a GGUF file (versions 2 and 3, little-endian) says it holds: metadata and a directory of tensors, all checked.
///
/// Only the header is looked at. Ranges refer to the file's bytes, which the caller keeps: big arrays and tensor data
/// are never copied. Made by `GGUFFile.init(_:)` from a whole file or by `parse(prefix:fileSize:)` while it is loading.
public struct GGUFFile: Sendable {
    public let version: UInt32
    /// Tensor data starts are multiples of it (`general.alignment`, 32 unless stated); a power of two.
    public let alignment: Int
    /// In the file's order. Keys are unique and printable ASCII.
    public let metadata: [MetadataEntry]
    /// In the file's order.
    public let tensors: [TensorInfo]
    /// The offset behind the last byte of the header proper, before padding.
    public let headerByteCount: Int
    /// Where tensor data begins.
    public let dataOffset: Int
    public let fileSize: Int

    let tensorNames: ByteStringTable

    public struct MetadataEntry: Equatable, Sendable {
        public let key: String
        public let value: GGUFValue
    }

    /// One tensor of the directory. Its bytes lie within the file and overlap no other tensor's.
    public struct TensorInfo: Equatable, Sendable {
        public let name: String
        public let type: TensorType
        /// Sizes from the fastest-varying dimension on: `[columns, rows, ...]`; one to four, none zero.
        public let dimensions: [Int]
        /// From the file's start.
        public let offset: Int
        public let byteCount: Int

        /// Elements of a row: the first dimension, a multiple of the type's block.
        public var columnCount: Int { dimensions[0] }
        /// All rows: the product of the other dimensions.
        public var rowCount: Int { dimensions.dropFirst().reduce(1, *) }
        public var elementCount: Int { columnCount * rowCount }
        public var byteRange: Range<Int> { offset..<(offset + byteCount) }
    }

    /// What has become of parsing the first bytes of a file.
    public enum PrefixParse: Sendable {
        case complete(GGUFFile)
        /// The header reaches at least this far. The next attempt starts over: hand over twice as much or more each
        /// time, and the work stays linear in the header's length.
        case needsMoreBytes(atLeast: Int)
    }
}

extension GGUFFile {
    /// The value of `key`, or nil when the file has none.
    public subscript(key: String) -> GGUFValue? {
        for entry in metadata where entry.key == key { return entry.value }
        return nil
    }

    /// The tensor called `name`, or nil when the file has none.
    public func tensor(named name: String) -> TensorInfo? {
        tensorNames.find([UInt8](name.utf8).span).map { tensors[$0] }
    }
}
