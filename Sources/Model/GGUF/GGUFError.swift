/// Why a file is not a GGUF file that this reader accepts: what was being read, where, and what is wrong with it.
public struct GGUFError: Error, Equatable, Sendable {
    /// The byte offset, from the file's start, of the value that is wrong.
    public let offset: Int
    /// What stands there, such as `version` or `tensor 'blk.0.attn_q.weight': offset`.
    public let field: String
    public let problem: Problem

    public enum Problem: Equatable, Sendable {
        /// The file ends before the value does.
        case truncated(needed: UInt64, fileSize: Int)
        /// The first four bytes are not `GGUF`.
        case notGGUF(magic: UInt32)
        /// Versions 2 and 3 are read; 1 was never in wide use.
        case unsupportedVersion(UInt32)
        /// The version reads as a byte-swapped one.
        case bigEndian
        /// More than a bound of `GGUFLimits` allows.
        case tooLarge(UInt64, limit: Int)
        /// A name that must not be empty is.
        case empty
        /// A name holds a byte other than printable ASCII.
        case invalidName
        /// A second entry has the name of an earlier one.
        case duplicate
        /// So many names share a hash that the file must have been made for that.
        case tooManyCollisions
        /// Not one of the specification's value types.
        case unknownValueType(UInt32)
        /// Arrays of arrays are legal GGUF, but nothing uses them.
        case nestedArray
        /// A boolean must be 0 or 1.
        case invalidBool(UInt8)
        /// The value has another type than its key requires.
        case wrongType(expected: String)
        /// An alignment that is not a power of two.
        case notPowerOfTwo(UInt64)
        /// A tensor without dimensions, or a dimension of no elements.
        case zeroDimension
        /// The product of the dimensions does not fit the address space.
        case sizeOverflow
        /// An element type that exists in GGML but is not supported here, or does not exist at all.
        case unsupportedTensorType(UInt32, name: String)
        /// Rows must be whole blocks.
        case partialBlock(rowLength: Int, elementsPerBlock: Int)
        /// A tensor's data must begin at a multiple of the file's alignment.
        case misaligned(offset: UInt64, alignment: Int)
        /// Two tensors claim the same bytes.
        case overlaps(tensor: String)
    }

    /// One line, such as `model.gguf: offset 0x1c: tensor 'blk.0.attn_q.weight': type 16 (IQ2_XXS) is not supported`.
    public func message(fileName: String) -> String {
        fileName + ": " + description
    }
}

extension GGUFError: CustomStringConvertible {
    public var description: String {
        "offset 0x" + String(offset, radix: 16) + ": " + field + ": " + problem.description
    }
}

extension GGUFError.Problem: CustomStringConvertible {
    public var description: String {
        switch self {
        case .truncated(let needed, let fileSize):
            "needs bytes up to \(needed), but the file has only \(fileSize): it is truncated or damaged"
        case .notGGUF(let magic):
            "this is not a GGUF file (it begins with 0x" + String(magic, radix: 16) + ")"
        case .unsupportedVersion(let version):
            "version \(version) is not supported (2 and 3 are); convert the model anew"
        case .bigEndian:
            "big-endian files are not supported; convert the model for a little-endian machine"
        case .tooLarge(let value, let limit):
            "\(value) is more than the \(limit) allowed"
        case .empty:
            "is empty"
        case .invalidName:
            "holds a byte that is not printable ASCII"
        case .duplicate:
            "occurs twice"
        case .tooManyCollisions:
            "too many names with one hash; the file looks hostile"
        case .unknownValueType(let type):
            "value type \(type) does not exist"
        case .nestedArray:
            "arrays of arrays are not supported"
        case .invalidBool(let byte):
            "a boolean is \(byte), not 0 or 1"
        case .wrongType(let expected):
            "must be " + expected
        case .notPowerOfTwo(let value):
            "\(value) is not a power of two"
        case .zeroDimension:
            "has no elements"
        case .sizeOverflow:
            "the dimensions' product is too large"
        case .unsupportedTensorType(let type, let name):
            "type \(type) (" + name + ") is not supported"
        case .partialBlock(let rowLength, let elementsPerBlock):
            "rows of \(rowLength) are not a multiple of the type's block of \(elementsPerBlock)"
        case .misaligned(let offset, let alignment):
            "data offset \(offset) is not a multiple of the alignment \(alignment)"
        case .overlaps(let tensor):
            "its data overlaps that of tensor '" + tensor + "'"
        }
    }
}
