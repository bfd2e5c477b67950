import ModelFormats
import Tensor

/// Writes small GGUF files for tests: well-formed ones, and, by way of the raw appends, any other kind.
package struct GGUFBuilder {
    package enum Value: Sendable {
        case uint8(UInt8), uint32(UInt32), int32(Int32), uint64(UInt64), float32(Float), bool(UInt8), string(String)
        case strings([String]), float32s([Float]), int32s([Int32]), bools([UInt8])
    }

    package struct Tensor {
        package var name: String
        package var dimensions: [UInt64]
        package var type: UInt32
        /// Relative to the data section; nil places the tensor behind the one before.
        package var offset: UInt64?
    }

    package var magic: [UInt8] = Array("GGUF".utf8)
    package var version: UInt32 = 3
    package var metadata: [(key: String, value: Value)] = []
    package var tensors: [Tensor] = []
    package var alignment = 32
    /// Overrides of what the header states.
    package var statedTensorCount: UInt64?
    package var statedMetadataCount: UInt64?
    /// Bytes left out at the end of the file.
    package var missingByteCount = 0

    package init() {}

    package mutating func add(_ key: String, _ value: Value) { metadata.append((key, value)) }

    package mutating func addTensor(_ name: String, _ dimensions: [UInt64], _ type: UInt32 = 0, offset: UInt64? = nil) {
        tensors.append(Tensor(name: name, dimensions: dimensions, type: type, offset: offset))
    }

    package func build() -> [UInt8] {
        var out = ByteWriter()
        out.bytes += magic
        out.integer(version)
        out.integer(statedTensorCount ?? UInt64(tensors.count))
        out.integer(statedMetadataCount ?? UInt64(metadata.count))
        for entry in metadata {
            out.string(entry.key)
            out.value(entry.value)
        }
        var nextOffset: UInt64 = 0
        var dataByteCount: UInt64 = 0
        for tensor in tensors {
            out.string(tensor.name)
            out.integer(UInt32(tensor.dimensions.count))
            for size in tensor.dimensions { out.integer(size) }
            out.integer(tensor.type)
            let offset = tensor.offset ?? nextOffset
            out.integer(offset)
            let end = offset &+ byteCount(of: tensor)
            nextOffset = (end &+ UInt64(alignment - 1)) & ~UInt64(alignment - 1)
            dataByteCount = max(dataByteCount, nextOffset)
        }
        while out.bytes.count % alignment != 0 { out.bytes.append(0) }
        if dataByteCount < 1 << 24 { out.bytes += [UInt8](repeating: 0, count: Int(dataByteCount)) }
        out.bytes.removeLast(missingByteCount)
        return out.bytes
    }

    private func byteCount(of tensor: Tensor) -> UInt64 {
        guard let type = TensorType(rawValue: tensor.type) else { return 0 }
        let elements = tensor.dimensions.reduce(1) { $0 &* $1 }
        return elements / UInt64(type.elementsPerBlock) &* UInt64(type.bytesPerBlock)
    }
}

package struct ByteWriter {
    package var bytes: [UInt8] = []

    package init() {}

    package mutating func integer(_ value: some FixedWidthInteger) {
        withUnsafeBytes(of: value.littleEndian) { bytes += Array($0) }
    }

    package mutating func string(_ value: String) {
        integer(UInt64(value.utf8.count))
        bytes += Array(value.utf8)
    }

    package mutating func value(_ value: GGUFBuilder.Value) {
        switch value {
        case .uint8(let value): integer(UInt32(0)); integer(value)
        case .uint32(let value): integer(UInt32(4)); integer(value)
        case .int32(let value): integer(UInt32(5)); integer(value)
        case .float32(let value): integer(UInt32(6)); integer(value.bitPattern)
        case .bool(let value): integer(UInt32(7)); integer(value)
        case .string(let value): integer(UInt32(8)); string(value)
        case .uint64(let value): integer(UInt32(10)); integer(value)
        case .strings(let values): array(8, values.count); for value in values { string(value) }
        case .float32s(let values): array(6, values.count); for value in values { integer(value.bitPattern) }
        case .int32s(let values): array(5, values.count); for value in values { integer(value) }
        case .bools(let values): array(7, values.count); for value in values { integer(value) }
        }
    }

    private mutating func array(_ elementType: UInt32, _ count: Int) {
        integer(UInt32(9))
        integer(elementType)
        integer(UInt64(count))
    }
}
