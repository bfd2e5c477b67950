extension GGUFArray {
    /// Calls `body` with each string's number and its byte range in the file, in order. The array must hold strings.
    ///
    /// - Parameter file: the bytes that the array was parsed from, at least up to the header's end.
    public func forEachString<Failure: Error>(
        in file: RawSpan, _ body: (_ index: Int, _ range: Range<Int>) throws(Failure) -> Void
    ) throws(Failure) {
        precondition(elementType == .string)
        var offset = content.lowerBound
        for index in 0..<count {
            let length = UInt64(littleEndian: HeaderCursor.load(file, at: offset))
            // The parser has found every length within the file; one that changed since must not reach memory.
            precondition(length <= UInt64(content.upperBound - offset - 8))
            let start = offset + 8
            offset = start + Int(length)
            try body(index, start..<offset)
        }
    }

    /// Element `index` of an array of 32-bit floats.
    public func float32(at index: Int, in file: RawSpan) -> Float {
        precondition(elementType == .float32 && index >= 0 && index < count)
        return Float(bitPattern: UInt32(littleEndian: HeaderCursor.load(file, at: content.lowerBound + index * 4)))
    }

    /// Element `index` of an array of integers of any width; nil for other arrays, or where the value does not fit.
    public func integer(at index: Int, in file: RawSpan) -> Int? {
        precondition(index >= 0 && index < count)
        guard let width = elementType.byteCount else { return nil }
        let offset = content.lowerBound + index * width
        switch elementType {
        case .uint8: return Int(HeaderCursor.load(file, at: offset) as UInt8)
        case .int8: return Int(HeaderCursor.load(file, at: offset) as Int8)
        case .uint16: return Int(UInt16(littleEndian: HeaderCursor.load(file, at: offset)))
        case .int16: return Int(Int16(littleEndian: HeaderCursor.load(file, at: offset)))
        case .uint32: return Int(UInt32(littleEndian: HeaderCursor.load(file, at: offset)))
        case .int32: return Int(Int32(littleEndian: HeaderCursor.load(file, at: offset)))
        case .uint64: return Int(exactly: UInt64(littleEndian: HeaderCursor.load(file, at: offset)))
        case .int64: return Int(Int64(littleEndian: HeaderCursor.load(file, at: offset)))
        case .float32, .float64, .bool, .string, .array: return nil
        }
    }
}
