/// A value of the template language; what JSON knows, and a few things that exist only while a template runs.
public enum TemplateValue: Sendable {
    /// A variable or an element that is not there. Prints as nothing.
    case undefined
    /// Python's `None`, JSON's `null`.
    case null
    case boolean(Bool)
    case integer(Int)
    case float(Double)
    /// UTF-8.
    case string([UInt8])
    case list([TemplateValue])
    case object(TemplateObject)
    /// Something of the renderer's: never part of what a caller passes in or gets.
    case reference(TemplateReference)

    /// A string value.
    public static func text(_ text: String) -> TemplateValue { .string([UInt8](text.utf8)) }
}

/// A namespace, a macro or a loop of the rendering under way, or a function that every template knows.
public struct TemplateReference: Equatable, Sendable {
    enum Kind: Equatable {
        case namespace(index: Int)
        /// `frame` is where the macro's free variables are looked up.
        case macro(index: Int, frame: Int)
        case loop(index: Int)
        case function(TemplateFunction)
    }

    let kind: Kind
}

/// The functions that every template knows.
enum TemplateFunction: String, Sendable {
    case raiseException = "raise_exception"
    case namespace
    case dict
    case range
    /// Only where the renderer knows the time.
    case strftimeNow = "strftime_now"
}

/// Keys and values in the order in which they were added.
public struct TemplateObject: Sendable {
    public struct Entry: Sendable {
        public var key: [UInt8]
        public var value: TemplateValue
    }

    public private(set) var entries: [Entry] = []

    public init() {}

    /// - Parameter entries: of equal keys, the last one counts.
    public init(_ entries: [(key: String, value: TemplateValue)]) {
        for entry in entries { self[[UInt8](entry.key.utf8)] = entry.value }
    }

    /// Adds an entry without looking for an equal key: for callers that know there is none.
    public mutating func append(_ value: TemplateValue, forUniqueKey key: [UInt8]) {
        entries.append(Entry(key: key, value: value))
    }

    public subscript(key: [UInt8]) -> TemplateValue? {
        get {
            for entry in entries where entry.key == key { return entry.value }
            return nil
        }
        set {
            for index in entries.indices where entries[index].key == key {
                if let newValue {
                    entries[index].value = newValue
                } else {
                    entries.remove(at: index)
                }
                return
            }
            if let newValue { entries.append(Entry(key: key, value: newValue)) }
        }
    }
}

extension TemplateObject {
    /// The order of entries does not matter.
    fileprivate func isEqual(to other: TemplateObject, steps: inout Int) -> Bool {
        guard entries.count == other.entries.count else { return false }
        for entry in entries {
            steps += entries.count / 16
            guard let value = other[entry.key], entry.value.isEqual(to: value, steps: &steps) else { return false }
        }
        return true
    }
}

extension TemplateValue {
    /// Python's truth: empty and zero things are false.
    var isTrue: Bool {
        switch self {
        case .undefined, .null: false
        case .boolean(let value): value
        case .integer(let value): value != 0
        case .float(let value): value != 0
        case .string(let bytes): !bytes.isEmpty
        case .list(let elements): !elements.isEmpty
        case .object(let object): !object.entries.isEmpty
        case .reference: true
        }
    }

    /// Whether at most `depth` lists and objects are inside one another here. Counts what it looks at in `steps`, and
    /// gives up like `isEqual`.
    func isNested(within depth: Int, steps: inout Int) -> Bool {
        steps += 1
        guard steps <= TemplateLimits.fuelMax else { return false }
        switch self {
        case .list(let elements):
            guard depth > 0 else { return false }
            for element in elements where !element.isNested(within: depth - 1, steps: &steps) { return false }
            return true
        case .object(let object):
            guard depth > 0 else { return false }
            for entry in object.entries where !entry.value.isNested(within: depth - 1, steps: &steps) { return false }
            return true
        default:
            return true
        }
    }

    var isUndefined: Bool {
        if case .undefined = self { true } else { false }
    }

    /// The number as Python's arithmetic sees it; booleans are 0 and 1.
    var number: Double? {
        switch self {
        case .boolean(let value): value ? 1 : 0
        case .integer(let value): Double(value)
        case .float(let value): value
        default: nil
        }
    }

    /// The integer as Python's arithmetic sees it; booleans are 0 and 1.
    var integer: Int? {
        switch self {
        case .boolean(let value): value ? 1 : 0
        case .integer(let value): value
        default: nil
        }
    }

    /// Python's name for the value's type, for messages.
    var typeName: String {
        switch self {
        case .undefined: "undefined"
        case .null: "none"
        case .boolean: "boolean"
        case .integer: "integer"
        case .float: "float"
        case .string: "string"
        case .list: "list"
        case .object: "object"
        case .reference: "namespace, macro, loop or function"
        }
    }

    /// Python's `==`. Counts what it looks at in `steps`, and gives up beyond `TemplateLimits.fuelMax`: values may
    /// share parts so often that a comparison of all of them would not end.
    func isEqual(to other: TemplateValue, steps: inout Int) -> Bool {
        steps += 1
        guard steps <= TemplateLimits.fuelMax else { return false }
        if let left = integer, let right = other.integer { return left == right }
        if let left = number, let right = other.number { return left == right }
        switch (self, other) {
        case (.undefined, .undefined), (.null, .null): return true
        case (.string(let left), .string(let right)):
            steps += min(left.count, right.count) / TemplateLimits.bytesPerStep
            return left == right
        case (.list(let left), .list(let right)):
            guard left.count == right.count else { return false }
            for index in left.indices where !left[index].isEqual(to: right[index], steps: &steps) { return false }
            return true
        case (.object(let left), .object(let right)): return left.isEqual(to: right, steps: &steps)
        case (.reference(let left), .reference(let right)): return left == right
        default: return false
        }
    }

    /// Python's `<` for numbers and strings; nil where it is not defined.
    func isLess(than other: TemplateValue) -> Bool? {
        if let left = integer, let right = other.integer { return left < right }
        if let left = number, let right = other.number { return left < right }
        // UTF-8 keeps the order of code points.
        if case .string(let left) = self, case .string(let right) = other {
            return left.lexicographicallyPrecedes(right)
        }
        return nil
    }
}
