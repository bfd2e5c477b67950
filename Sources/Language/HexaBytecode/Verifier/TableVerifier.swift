/// Proves what does not depend on instructions: table sizes and the indices between tables.
struct TableVerifier {
    let module: BytecodeModule

    func verify() throws(VerificationError) {
        let limit = BytecodeLimits.tableEntriesMax
        guard module.names.count <= limit, module.constants.count <= limit, module.functions.count <= limit,
            module.globalCount >= 0, module.globalCount <= limit, module.files.count <= limit,
            module.types.count <= BytecodeLimits.typesMax, module.nominals.count <= BytecodeLimits.typesMax
        else { throw VerificationError(.tableTooLong) }
        for name in module.names where name.count > BytecodeLimits.stringBytesMax {
            throw VerificationError(.tableTooLong)
        }
        for constant in module.constants { try verify(constant) }
        for nominal in module.nominals { try verify(nominal) }
        for type in module.types { try verify(type) }
        try verifyEntry(module.entry)
        for proof in module.proofs {
            try check(proof.name, .name, module.names.count)
            try verifyEntry(proof.function)
        }
    }

    private func check(_ index: Int, _ table: ModuleTable, _ count: Int) throws(VerificationError) {
        guard index >= 0, index < count else { throw VerificationError(.badIndex(table: table, index: index)) }
    }

    private func verifyEntry(_ index: Int) throws(VerificationError) {
        try check(index, .function, module.functions.count)
        let function = module.functions[index]
        guard function.parameterCount == 0, function.captureCount == 0 else { throw VerificationError(.badEntry) }
    }

    private func verify(_ constant: BytecodeModule.Constant) throws(VerificationError) {
        switch constant {
        case .int, .float: break
        case .char(let scalar): guard Unicode.Scalar(scalar) != nil else { throw VerificationError(.badConstant) }
        case .string(let text):
            guard text.count <= BytecodeLimits.stringBytesMax, UTF8Text.isValid(text) else {
                throw VerificationError(.badConstant)
            }
        }
    }

    private func verify(_ nominal: NominalType) throws(VerificationError) {
        try check(nominal.name, .name, module.names.count)
        switch nominal.shape {
        case .structure(let fields):
            guard fields.count <= BytecodeLimits.fieldsMax else { throw VerificationError(.tableTooLong) }
            for field in fields { try check(field, .name, module.names.count) }
        case .enumeration(let variants):
            guard variants.count <= BytecodeLimits.variantsMax else { throw VerificationError(.tableTooLong) }
            for variant in variants {
                try check(variant.name, .name, module.names.count)
                guard variant.payloadCount >= 0, variant.payloadCount <= BytecodeLimits.fieldsMax else {
                    throw VerificationError(.tableTooLong)
                }
            }
        }
    }

    private func verify(_ type: TypeDescriptor) throws(VerificationError) {
        switch type {
        case .nominal(let index): try check(index, .nominal, module.nominals.count)
        case .oneOf(let classes):
            for receiver in classes {
                try check(receiver.index, .receiver, ReceiverClass.builtinCount + module.nominals.count)
            }
        default: break
        }
    }
}

/// Strict UTF-8 (Unicode, table 3-7): no overlong forms, no surrogates, nothing past U+10FFFF.
public enum UTF8Text {
    public static func isValid(_ bytes: [UInt8]) -> Bool { isValid(bytes.span) }

    public static func isValid(_ bytes: Span<UInt8>) -> Bool {
        var index = 0
        while index < bytes.count {
            let length = sequenceLength(bytes, at: index)
            guard length > 0 else { return false }
            index += length
        }
        return true
    }

    /// Length of the well-formed sequence at `index`; 0 when there is none.
    private static func sequenceLength(_ bytes: Span<UInt8>, at index: Int) -> Int {
        func continues(_ offset: Int, _ range: ClosedRange<UInt8> = 0x80...0xBF) -> Bool {
            index + offset < bytes.count && range.contains(bytes[index + offset])
        }
        switch bytes[index] {
        case 0x00...0x7F: return 1
        case 0xC2...0xDF: return continues(1) ? 2 : 0
        case 0xE0: return continues(1, 0xA0...0xBF) && continues(2) ? 3 : 0
        case 0xED: return continues(1, 0x80...0x9F) && continues(2) ? 3 : 0
        case 0xE1...0xEF: return continues(1) && continues(2) ? 3 : 0
        case 0xF0: return continues(1, 0x90...0xBF) && continues(2) && continues(3) ? 4 : 0
        case 0xF1...0xF3: return continues(1) && continues(2) && continues(3) ? 4 : 0
        case 0xF4: return continues(1, 0x80...0x8F) && continues(2) && continues(3) ? 4 : 0
        default: return 0
        }
    }
}
