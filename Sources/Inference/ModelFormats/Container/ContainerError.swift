/// Why a file is not a model file that this reader accepts: what was being read, where, and what is wrong with it.
public struct ContainerError: Error, Equatable, Sendable {
    /// The byte offset, from the file's start, of the value that is wrong.
    public let offset: Int
    /// What stands there, such as `version` or `tensor 'blk.0.attn_q.weight': offset`.
    public let field: String
    public let problem: Problem

    package init(offset: Int, field: String, problem: Problem) {
        self.offset = offset
        self.field = field
        self.problem = problem
    }

    public enum Problem: Equatable, Sendable {
        /// The file ends before the value does.
        case truncated(needed: UInt64, fileSize: Int)
        /// The value reaches beyond the section of the file that it is part of.
        case outsideSection(needed: UInt64, end: Int)
        /// The first bytes are neither format's.
        case foreign(magic: UInt32)
        /// Only `supported` are read.
        case unsupportedVersion(UInt32, supported: String)
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
        /// An offset or size that must be a multiple of an alignment.
        case misaligned(offset: UInt64, alignment: Int)
        /// Two tensors claim the same bytes.
        case overlaps(tensor: String)
        /// A value that follows from others is another.
        case unexpected(UInt64, expected: UInt64)
        /// The bytes are not those that the checksum was made of.
        case checksumMismatch(stated: UInt64, actual: UInt64)
        /// A layout that does not exist, or that the tensor's type does not have.
        case unsupportedLayout(UInt32)
        /// A tensor's bytes lie in another region than it belongs to.
        case outside(UInt64, allowed: Range<Int>)
        /// A tensor begins before the one that precedes it in the table ends.
        case outOfOrder(UInt64, previousEnd: Int)
    }

    /// One line, such as `model.gguf: offset 0x1c: tensor 'blk.0.attn_q.weight': type 16 (IQ2_XXS) is not supported`.
    public func message(fileName: String) -> String {
        fileName + ": " + description
    }
}

extension ContainerError: CustomStringConvertible {
    public var description: String {
        "offset 0x" + String(offset, radix: 16) + ": " + field + ": " + problem.description
    }
}

extension ContainerError.Problem: CustomStringConvertible {
    public var description: String {
        switch self {
        case .truncated(let needed, let fileSize):
            "needs bytes up to \(needed), but the file has only \(fileSize): it is truncated or damaged"
        case .outsideSection(let needed, let end):
            "needs bytes up to \(needed), but its section ends at \(end): the file is damaged"
        case .foreign(let magic):
            "this is neither a GGUF nor an HXM file (it begins with 0x" + String(magic, radix: 16) + ")"
        case .unsupportedVersion(let version, let supported):
            "version \(version) is not supported (" + supported + "); convert the model anew"
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
            "\(offset) is not a multiple of \(alignment)"
        case .overlaps(let tensor):
            "its data overlaps that of tensor '" + tensor + "'"
        case .unexpected(let value, let expected):
            "is \(value), not \(expected)"
        case .checksumMismatch(let stated, let actual):
            "is 0x" + String(stated, radix: 16) + ", but the bytes have 0x" + String(actual, radix: 16)
                + ": the file is damaged"
        case .unsupportedLayout(let layout):
            "layout \(layout) does not exist for this type"
        case .outside(let value, let allowed):
            "\(value) is outside of \(allowed.lowerBound)..<\(allowed.upperBound)"
        case .outOfOrder(let offset, let previousEnd):
            "\(offset) lies before \(previousEnd), where the tensor before it ends"
        }
    }
}
