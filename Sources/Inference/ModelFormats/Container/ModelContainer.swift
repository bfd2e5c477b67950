import Tensor

/// What a model file says it holds: metadata and a directory of tensors, all checked. The file is GGUF (versions 2 and
/// 3, little-endian) or HXM (`docs/hxm.md`); whoever uses it need not ask which.
///
/// Only the header is looked at. Ranges refer to the file's bytes, which the caller keeps: big arrays and tensor data
/// are never copied. Made by `ModelContainer.init(_:)` from a whole file or by `parse(prefix:fileSize:)` while it is
/// loading.
public struct ModelContainer: Sendable {
    public let format: Format
    /// Of the format.
    public let version: UInt32
    /// In the file's order. Keys are unique and printable ASCII.
    public let metadata: [MetadataEntry]
    /// Where the metadata's entries stand, in GGUF's encoding in either format.
    public let metadataByteRange: Range<Int>
    /// In the file's order.
    public internal(set) var tensors: [TensorInfo]
    /// The offset behind the last byte of the header proper, before padding.
    public let headerByteCount: Int
    /// Where tensor data begins.
    public let dataOffset: Int
    public let fileSize: Int
    /// A tokenizer's look-up tables, where the file has them.
    package var tokenizerTables: TokenizerTables?

    let tensorNames: ByteStringTable

    public enum Format: Sendable {
        /// GGML's universal format: what models are published in.
        case gguf
        /// Weights laid out as the kernels read them.
        case hxm
    }

    public struct MetadataEntry: Equatable, Sendable {
        public let key: String
        public let value: GGUFValue
    }

    /// One tensor of the directory. Its bytes lie within the file and overlap no other tensor's.
    public struct TensorInfo: Equatable, Sendable {
        public let name: String
        public let type: TensorType
        /// How its rows lie. GGUF files have rows only, until they are repacked in memory.
        public internal(set) var layout: TensorLayout
        /// Sizes from the fastest-varying dimension on: `[columns, rows, ...]`; one to four, none zero.
        public let dimensions: [Int]
        /// From the file's start.
        public let offset: Int
        public let byteCount: Int
        /// XXH64 of the tensor's bytes, where the format has it.
        public let checksum: UInt64?

        /// Elements of a row: the first dimension, a multiple of the type's block.
        public var columnCount: Int { dimensions[0] }
        /// All rows: the product of the other dimensions.
        public var rowCount: Int { dimensions.dropFirst().reduce(1, *) }
        public var elementCount: Int { columnCount * rowCount }
        public var byteRange: Range<Int> { offset..<(offset + byteCount) }
    }

    /// What has become of parsing the first bytes of a file.
    public enum PrefixParse: Sendable {
        case complete(ModelContainer)
        /// The header reaches at least this far. The next attempt starts over: hand over twice as much or more each
        /// time, and the work stays linear in the header's length.
        case needsMoreBytes(atLeast: Int)
    }
}

extension ModelContainer {
    /// The value of `key`, or nil when the file has none.
    public subscript(key: String) -> GGUFValue? {
        for entry in metadata where entry.key == key { return entry.value }
        return nil
    }

    /// The tensor called `name`, or nil when the file has none.
    public func tensor(named name: String) -> TensorInfo? {
        tensorIndex(named: name).map { tensors[$0] }
    }

    /// The number in `tensors` of the tensor called `name`, or nil when the file has none.
    package func tensorIndex(named name: String) -> Int? {
        tensorNames.find([UInt8](name.utf8).span)
    }
}
