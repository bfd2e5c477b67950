extension Opcode {
    /// The name in listings: that of the case.
    public var mnemonic: String { "\(Self.mnemonics[Int(rawValue)])" }

    /// In the order of the cases; a test compares it with them.
    static let mnemonics: [StaticString] = [
        "move", "loadVoid", "loadBool", "loadInt", "loadConstant", "loadFunction", "loadBuiltin",
        "getGlobal", "setGlobal", "getCapture", "newCell", "getCell", "setCell", "newClosure",
        "add", "subtract", "multiply", "divide", "remainder", "power",
        "addConstant", "subtractConstant", "multiplyConstant", "divideConstant", "remainderConstant",
        "addInt",
        "bitAnd", "bitOr", "bitXor", "shiftLeft", "shiftRight",
        "negate", "not", "complement",
        "equal", "notEqual", "less", "lessEqual",
        "jump", "jumpIf", "jumpUnless",
        "jumpEqual", "jumpNotEqual", "jumpLess", "jumpNotLess", "jumpLessEqual", "jumpNotLessEqual",
        "jumpEqualInt", "jumpNotEqualInt", "jumpLessInt", "jumpNotLessInt", "jumpLessEqualInt", "jumpNotLessEqualInt",
        "jumpGreaterInt", "jumpNotGreaterInt", "jumpGreaterEqualInt", "jumpNotGreaterEqualInt",
        "rangePrepare", "rangeNext", "iteratePrepare", "iterateNext", "iterateNextPair",
        "call", "callValue", "callMethod", "callBuiltin", "callKernel", "returnValue", "returnVoid",
        "newArray", "appendArray", "fillArray", "newTuple", "newMap", "newStruct", "newVariant", "newRange",
        "getIndex", "setIndex", "getField", "setField", "getElement",
        "isVariant", "isStruct", "isTuple", "isArray", "checkType",
        "throwValue", "throwAssertion", "throwNoMatch",
        "spawn", "select",
    ]
}
