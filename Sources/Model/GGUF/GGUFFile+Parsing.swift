extension GGUFFile {
    /// Reads the header of a file that is in memory as a whole.
    public init(_ bytes: RawSpan) throws(GGUFError) {
        switch try Self.parse(prefix: bytes, fileSize: bytes.byteCount) {
        case .complete(let file):
            self = file
        case .needsMoreBytes(let needed):
            throw GGUFError(offset: bytes.byteCount, field: "header",
                            problem: .truncated(needed: UInt64(needed), fileSize: bytes.byteCount))
        }
    }

    /// Reads the header from the file's first bytes; the tensors are checked against `fileSize`, the whole file's size.
    public static func parse(prefix: RawSpan, fileSize: Int) throws(GGUFError) -> PrefixParse {
        var parser = GGUFHeaderParser(prefix, fileSize: fileSize)
        do throws(GGUFCursor.Stop) {
            return .complete(try parser.parse())
        } catch {
            switch error {
            case .invalid(let error): throw error
            case .needsMoreBytes(let count): return .needsMoreBytes(atLeast: count)
            }
        }
    }
}
