extension BytecodeModule {
    /// Reads a `.hxb` file. What it returns is well-formed, not yet safe to run: that is `VerifiedModule`'s to say.
    public init(decoding file: [UInt8]) throws(ModuleError) {
        let body = try Self.body(of: file)
        var reader = ByteReader(file, from: ModuleFormat.headerBytes, to: body)
        try decodeTables(&reader)
        let functionCount = try reader.count(upTo: BytecodeLimits.tableEntriesMax)
        functions.reserveCapacity(functionCount)
        for _ in 0..<functionCount { functions.append(try Self.decodeFunction(&reader)) }
        guard reader.isAtEnd else { throw reader.failure(.trailingBytes) }
    }

    /// Checks the header; returns where the body ends.
    private static func body(of file: [UInt8]) throws(ModuleError) -> Int {
        guard file.count >= ModuleFormat.headerBytes, Array(file[0..<4]) == ModuleFormat.magic else {
            throw ModuleError(reason: .notAModule, offset: 0)
        }
        guard Int(file[4]) == ModuleFormat.version else {
            throw ModuleError(reason: .unsupportedVersion(Int(file[4])), offset: 4)
        }
        var header = ByteReader(file, from: 8, to: ModuleFormat.headerBytes)
        let length = try header.fixed64()
        guard file.count <= BytecodeLimits.moduleBytesMax,
            length
                == UInt64(file.count - ModuleFormat.headerBytes)
        else {
            throw ModuleError(reason: .wrongLength, offset: 8)
        }
        guard try header.fixed64() == ModuleFormat.checksum(file, from: ModuleFormat.headerBytes) else {
            throw ModuleError(reason: .wrongChecksum, offset: 16)
        }
        return file.count
    }

    private mutating func decodeTables(_ reader: inout ByteReader) throws(ModuleError) {
        for _ in 0..<(try reader.count(upTo: BytecodeLimits.tableEntriesMax)) { names.append(try reader.text()) }
        for _ in 0..<(try reader.count(upTo: BytecodeLimits.tableEntriesMax)) { files.append(try reader.text()) }
        for _ in 0..<(try reader.count(upTo: BytecodeLimits.tableEntriesMax)) {
            constants.append(try Self.decodeConstant(&reader))
        }
        for _ in 0..<(try reader.count(upTo: BytecodeLimits.typesMax)) { types.append(try Self.decodeType(&reader)) }
        for _ in 0..<(try reader.count(upTo: BytecodeLimits.typesMax)) {
            nominals.append(try Self.decodeNominal(&reader))
        }
        globalCount = try reader.varint()
        entry = try reader.varint()
        for _ in 0..<(try reader.count(upTo: BytecodeLimits.tableEntriesMax)) {
            proofs.append(Proof(name: try reader.varint(), function: try reader.varint()))
        }
        for _ in 0..<(try reader.count(upTo: BytecodeLimits.tableEntriesMax)) {
            needs.append(Need(operation: try reader.text(), target: try reader.text()))
        }
    }

    private static func decodeConstant(_ reader: inout ByteReader) throws(ModuleError) -> Constant {
        let tag = try reader.byte()
        return switch tag {
        case 0: .int(Int64(bitPattern: try reader.fixed64()))
        case 1: .float(bits: try reader.fixed64())
        case 2: .char(UInt32(try reader.varint()))
        case 3: .string(try reader.text())
        default: throw reader.failure(.unknownTag(tag))
        }
    }

    private static func decodeType(_ reader: inout ByteReader) throws(ModuleError) -> TypeDescriptor {
        let tag = try reader.byte()
        switch tag {
        case 0: return .any
        case 1: return .void
        case 2: return .bool
        case 3: return .int
        case 4: return .float
        case 5: return .char
        case 6: return .string
        case 7: return .array
        case 8: return .tuple(count: try reader.varint())
        case 9: return .map
        case 10: return .function
        case 11: return .range
        case 12: return .channel
        case 13: return .nominal(try reader.varint())
        case 14:
            var classes: [ReceiverClass] = []
            for _ in 0..<(try reader.count(upTo: BytecodeLimits.typesMax)) {
                classes.append(ReceiverClass(index: try reader.varint()))
            }
            return .oneOf(classes)
        default: throw reader.failure(.unknownTag(tag))
        }
    }

    private static func decodeNominal(_ reader: inout ByteReader) throws(ModuleError) -> NominalType {
        let name = try reader.varint()
        let tag = try reader.byte()
        switch tag {
        case 0:
            var fields: [Int] = []
            for _ in 0..<(try reader.count(upTo: BytecodeLimits.fieldsMax)) { fields.append(try reader.varint()) }
            return NominalType(name: name, shape: .structure(fields: fields))
        case 1:
            var variants: [NominalType.Variant] = []
            for _ in 0..<(try reader.count(upTo: BytecodeLimits.variantsMax)) {
                variants.append(.init(name: try reader.varint(), payloadCount: try reader.varint()))
            }
            return NominalType(name: name, shape: .enumeration(variants))
        default: throw reader.failure(.unknownTag(tag))
        }
    }

    private static func decodeFunction(_ reader: inout ByteReader) throws(ModuleError) -> BytecodeFunction {
        var function = BytecodeFunction(name: try reader.varint(), file: try reader.varint())
        function.parameterCount = try reader.varint()
        function.captureCount = try reader.varint()
        function.registerCount = try reader.varint()
        let methodTag = try reader.byte()
        switch methodTag {
        case 0: break
        case 1: function.method = .init(receiver: ReceiverClass(index: try reader.varint()), name: try reader.varint())
        default: throw reader.failure(.unknownTag(methodTag))
        }
        let count = try reader.count(upTo: BytecodeLimits.instructionsMax)
        function.code.reserveCapacity(count)
        for _ in 0..<count { function.code.append(Instruction(bits: try reader.fixed64())) }
        try decodePositions(&reader, into: &function)
        for _ in 0..<(try reader.count(upTo: BytecodeLimits.instructionsMax)) {
            function.handlers.append(
                ExceptionHandler(
                    start: try reader.varint(), end: try reader.varint(),
                    target: try reader.varint(), register: try reader.varint()
                ))
        }
        return function
    }

    private static func decodePositions(
        _ reader: inout ByteReader, into function: inout BytecodeFunction
    ) throws(ModuleError) {
        for _ in 0..<(try reader.count(upTo: BytecodeLimits.instructionsMax)) {
            let count = try reader.varint()
            let position = SourcePosition(line: UInt32(try reader.varint()), column: UInt32(try reader.varint()))
            guard count <= function.code.count - function.positions.count else { throw reader.failure(.tooMany) }
            function.positions.append(contentsOf: repeatElement(position, count: count))
        }
    }
}
