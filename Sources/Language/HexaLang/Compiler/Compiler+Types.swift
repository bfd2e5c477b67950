import HexaBytecode

extension Compiler {
    func staticType(of node: TypeNode) -> StaticType {
        switch node {
        case .array(let element): return .array(staticType(of: element))
        case .tuple(let elements): return elements.isEmpty ? .void : .tuple(elements.map { staticType(of: $0) })
        case .function: return .function
        case .map: return .map
        case .named(let reference):
            if case .type(let type) = reference.resolution {
                if case .trait = type.kind { return .trait(type.index) }
                return .nominal(type.index)
            }
            switch interner.text(reference.symbol) {
            case "int": return .int
            case "float": return .float
            case "bool": return .bool
            case "char": return .char
            case "string", "str": return .string
            case "void": return .void
            case "map": return .map
            case "array": return .array(.any)
            case "range": return .rangeOf
            case "channel": return .channel
            case "fn": return .function
            default: return .any
            }
        }
    }

    /// What the machine can check of a type; nil when it has nothing to check.
    private func descriptor(of type: StaticType) -> TypeDescriptor? {
        guard case .trait(let index) = type else { return kind(of: type)?.descriptor }
        return .oneOf(program.traits[index].implementers.map { $0.receiverClass })
    }

    /// The kind of value that has a type: how the machine checks for it, and what defines its methods; nil where it can
    /// be of several kinds, or none.
    private func kind(of type: StaticType) -> (descriptor: TypeDescriptor, receiver: ReceiverClass)? {
        switch type {
        case .any, .never, .trait: nil
        case .void: (.void, .void)
        case .bool: (.bool, .bool)
        case .int: (.int, .int)
        case .float: (.float, .float)
        case .char: (.char, .char)
        case .string: (.string, .string)
        case .map: (.map, .map)
        case .function: (.function, .function)
        case .rangeOf: (.range, .range)
        case .channel: (.channel, .channel)
        case .array: (.array, .array)
        case .tuple(let elements): (.tuple(count: elements.count), .tuple)
        case .nominal(let index): (.nominal(index), .nominal(index))
        }
    }

    func text(of type: StaticType) -> String {
        switch type {
        case .any: "any"
        case .never: "nothing"
        case .void: "void"
        case .bool: "bool"
        case .int: "int"
        case .float: "float"
        case .char: "char"
        case .string: "string"
        case .map: "map"
        case .function: "fn"
        case .rangeOf: "range"
        case .channel: "channel"
        case .array(let element): element == .any ? "array" : "[\(text(of: element))]"
        case .tuple(let elements):
            "(" + elements.map { text(of: $0) }.reduce("") { $0.isEmpty ? $1 : $0 + ", " + $1 } + ")"
        case .nominal(let index): interner.text(program.nominals[index].symbol)
        case .trait(let index): interner.text(program.traits[index].symbol)
        }
    }

    enum Fit { case fits, convertsToFloat, unknown, mismatch }

    /// Whether a value of one type can stand where another is asked for.
    func fit(_ type: StaticType, _ wanted: StaticType) -> Fit {
        if type == wanted || wanted == .any || type == .never { return .fits }
        switch (type, wanted) {
        case (.any, _): return .unknown
        case (.int, .float): return .convertsToFloat
        case (.array(let element), .array(let wantedElement)):
            if element == .any || wantedElement == .any { return .fits }
            return fit(element, wantedElement) == .fits ? .fits : .mismatch
        case (.tuple(let elements), .tuple(let wantedElements)):
            guard elements.count == wantedElements.count else { return .mismatch }
            for (element, wantedElement) in zip(elements, wantedElements)
            where fit(element, wantedElement) == .mismatch { return .mismatch }
            return .fits
        case (_, .trait(let index)):
            return program.traits[index].implementers.contains { kind(of: type)?.receiver == $0.receiverClass }
                ? .fits : .mismatch
        case (.trait, .nominal): return .unknown
        default: return .mismatch
        }
    }

    /// Holds a value in a register against an annotation: now where its type is known, else when the program runs.
    func check(_ register: Int, _ type: StaticType, against node: TypeNode, isResult: Bool, _ range: SourceRange) {
        check(register, type, against: staticType(of: node), isResult: isResult, range)
    }

    func check(_ register: Int, _ type: StaticType, against wanted: StaticType, isResult: Bool, _ range: SourceRange) {
        switch fit(type, wanted) {
        case .fits: break
        case .mismatch:
            report(
                "expected \(text(of: wanted)), got \(text(of: type))", at: range,
                hint: conversion(of: type, to: wanted))
        case .unknown, .convertsToFloat:
            guard let descriptor = descriptor(of: wanted) else { return }
            builder.emit(.checkType, a: register, b: isResult ? 1 : 0, d: modules.type(descriptor), range)
        }
    }

    /// The function that makes one of the other, where a program would want it.
    private func conversion(of type: StaticType, to wanted: StaticType) -> String? {
        if wanted == .string { return "convert with to_string" }
        return wanted == .int && type == .float ? "convert with to_int" : nil
    }

    /// The type of a value that comes from one of two places.
    func join(_ a: StaticType, _ b: StaticType) -> StaticType {
        if a == b || b == .never { return a }
        if a == .never { return b }
        return .any
    }
}
