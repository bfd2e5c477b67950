extension ModelContainer {
    /// Reads the header of a file that is in memory as a whole.
    public init(_ bytes: RawSpan) throws(ContainerError) {
        switch try Self.parse(prefix: bytes, fileSize: bytes.byteCount) {
        case .complete(let container):
            self = container
        case .needsMoreBytes(let needed):
            throw ContainerError(
                offset: bytes.byteCount, field: "header",
                problem: .truncated(needed: UInt64(needed), fileSize: bytes.byteCount))
        }
    }

    /// Reads the header from the file's first bytes; the tensors are checked against `fileSize`, the whole file's size.
    /// The magic number tells the format.
    public static func parse(prefix: RawSpan, fileSize: Int) throws(ContainerError) -> PrefixParse {
        do throws(HeaderCursor.Stop) {
            if PackedHeaderParser.recognizes(prefix) {
                return .complete(try PackedHeaderParser(prefix, fileSize: fileSize).parse())
            }
            var parser = GGUFHeaderParser(prefix, fileSize: fileSize)
            return .complete(try parser.parse())
        } catch {
            switch error {
            case .invalid(let error): throw error
            case .needsMoreBytes(let count): return .needsMoreBytes(atLeast: count)
            }
        }
    }
}
