/// Reads a header, or a section of one, front to back, and never beyond the bytes at hand or the section's end.
package struct HeaderCursor: ~Escapable {
    /// Why reading stopped.
    enum Stop: Error {
        case invalid(ContainerError)
        /// The file goes on, the bytes at hand do not.
        case needsMoreBytes(atLeast: Int)
    }

    private let bytes: RawSpan
    private let fileSize: Int
    /// Where the section ends; the file's size where the header is not divided.
    let end: Int
    private(set) var offset: Int

    /// - Parameters:
    ///   - bytes: the file from its start, as far as it is at hand.
    ///   - section: what may be read, within the file; all of it when nil.
    @_lifetime(copy bytes)
    init(_ bytes: RawSpan, fileSize: Int, section: Range<Int>? = nil) {
        self.bytes = bytes
        self.fileSize = fileSize
        end = section?.upperBound ?? fileSize
        offset = section?.lowerBound ?? 0
    }

    /// Moves past `count` bytes and returns where they are.
    mutating func skip(_ count: UInt64, _ field: @autoclosure () -> String) throws(Stop) -> Range<Int> {
        let (next, overflow) = UInt64(offset).addingReportingOverflow(count)
        let needed = overflow ? UInt64.max : next
        guard needed <= UInt64(end) else {
            throw .invalid(ContainerError(offset: offset, field: field(), problem: shortage(needed: needed)))
        }
        guard next <= UInt64(bytes.byteCount) else { throw .needsMoreBytes(atLeast: Int(next)) }
        let start = offset
        offset = Int(next)
        return start..<offset
    }

    /// What is wrong when the bytes up to `needed` are not all there.
    func shortage(needed: UInt64) -> ContainerError.Problem {
        end == fileSize ? .truncated(needed: needed, fileSize: fileSize) : .outsideSection(needed: needed, end: end)
    }

    mutating func integer<Value: FixedWidthInteger & BitwiseCopyable>(
        _ type: Value.Type, _ field: @autoclosure () -> String
    ) throws(Stop) -> Value {
        let range = try skip(UInt64(MemoryLayout<Value>.size), field())
        return Value(littleEndian: Self.load(bytes, at: range.lowerBound))
    }

    /// A 64-bit count that may not exceed `limit`.
    mutating func count(limit: Int, _ field: @autoclosure () -> String) throws(Stop) -> Int {
        let start = offset
        let value = try integer(UInt64.self, field())
        guard value <= UInt64(limit) else {
            throw .invalid(ContainerError(offset: start, field: field(), problem: .tooLarge(value, limit: limit)))
        }
        return Int(value)
    }

    /// A length-prefixed string of at most `limit` bytes, copied; ill-formed UTF-8 is repaired.
    mutating func string(limit: Int, _ field: @autoclosure () -> String) throws(Stop) -> String {
        let length = try count(limit: limit, field())
        return String(decoding: try copy(length, field()), as: UTF8.self)
    }

    /// A length-prefixed name: not empty, printable ASCII.
    mutating func name(limit: Int, _ field: @autoclosure () -> String) throws(Stop) -> [UInt8] {
        let start = offset
        let length = try count(limit: limit, field())
        guard length > 0 else { throw .invalid(ContainerError(offset: start, field: field(), problem: .empty)) }
        let name = try copy(length, field())
        guard name.allSatisfy({ (0x21...0x7e).contains($0) }) else {
            throw .invalid(ContainerError(offset: start, field: field(), problem: .invalidName))
        }
        return name
    }

    private mutating func copy(_ count: Int, _ field: @autoclosure () -> String) throws(Stop) -> [UInt8] {
        let range = try skip(UInt64(count), field())
        var copy: [UInt8] = []
        copy.reserveCapacity(count)
        for index in range { copy.append(Self.load(bytes, at: index)) }
        return copy
    }

    /// An integer somewhere in `bytes`, which holds it in little-endian order.
    static func integer<Value: FixedWidthInteger & BitwiseCopyable>(_ bytes: RawSpan, at offset: Int) -> Value {
        Value(littleEndian: load(bytes, at: offset))
    }

    /// A value of a fixed-width type somewhere in `bytes`, in the machine's byte order.
    @inlinable
    package static func load<Value: BitwiseCopyable>(_ bytes: RawSpan, at offset: Int) -> Value {
        // SAFETY: the loaded types are integers, for which every bit pattern is valid; the bounds are checked here.
        precondition(offset >= 0 && offset <= bytes.byteCount - MemoryLayout<Value>.size)
        return unsafe bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: Value.self)
    }
}
