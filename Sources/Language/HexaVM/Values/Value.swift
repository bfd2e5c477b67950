/// A value in a register: a tag and 64 bits. Trivially copyable, so the interpreter moves values without reference
/// counting; the collector finds the objects that are still reachable.
struct Value: BitwiseCopyable {
    var tag: UInt64
    var bits: UInt64

    @inline(__always)
    init(tag: UInt64, bits: UInt64) {
        self.tag = tag
        self.bits = bits
    }
}

/// What the tag of a value says. Tags from `firstObject` on mean that the bits are the address of a heap object.
enum Tag {
    @inline(__always) static var void: UInt64 { 0 }
    @inline(__always) static var bool: UInt64 { 1 }
    @inline(__always) static var int: UInt64 { 2 }
    @inline(__always) static var float: UInt64 { 3 }
    @inline(__always) static var char: UInt64 { 4 }
    /// A variant without payload: enum in the upper half of the bits, variant in the lower.
    @inline(__always) static var unitVariant: UInt64 { 5 }
    /// A function of the module that captures nothing.
    @inline(__always) static var function: UInt64 { 6 }
    @inline(__always) static var builtin: UInt64 { 7 }
    /// A number that means something to the driver only: a stream, a cache, a capability.
    @inline(__always) static var handle: UInt64 { 8 }
    /// Marks a removed entry of a map; programs never see it.
    @inline(__always) static var removed: UInt64 { 9 }

    @inline(__always) static var firstObject: UInt64 { 16 }
    @inline(__always) static var string: UInt64 { 16 }
    @inline(__always) static var array: UInt64 { 17 }
    @inline(__always) static var tuple: UInt64 { 18 }
    @inline(__always) static var map: UInt64 { 19 }
    @inline(__always) static var structure: UInt64 { 20 }
    @inline(__always) static var variant: UInt64 { 21 }
    @inline(__always) static var closure: UInt64 { 22 }
    @inline(__always) static var cell: UInt64 { 23 }
    @inline(__always) static var range: UInt64 { 24 }
    @inline(__always) static var error: UInt64 { 25 }
    @inline(__always) static var channel: UInt64 { 26 }
}

extension Value {
    @inline(__always) static var void: Value { Value(tag: Tag.void, bits: 0) }
    @inline(__always) static var removed: Value { Value(tag: Tag.removed, bits: 0) }
    @inline(__always) static func bool(_ value: Bool) -> Value { Value(tag: Tag.bool, bits: value ? 1 : 0) }
    @inline(__always) static func int(_ value: Int) -> Value {
        Value(tag: Tag.int, bits: UInt64(bitPattern: Int64(value)))
    }
    @inline(__always) static func float(_ value: Double) -> Value { Value(tag: Tag.float, bits: value.bitPattern) }
    @inline(__always) static func char(_ scalar: UInt32) -> Value { Value(tag: Tag.char, bits: UInt64(scalar)) }
    @inline(__always) static func object(_ tag: UInt64, _ object: Object) -> Value {
        Value(tag: tag, bits: UInt64(UInt(bitPattern: object.address)))
    }

    @inline(__always) var isObject: Bool { tag >= Tag.firstObject }
    @inline(__always) var isInt: Bool { tag == Tag.int }
    @inline(__always) var isFloat: Bool { tag == Tag.float }
    @inline(__always) var isTrue: Bool { tag == Tag.bool && bits == 1 }
    @inline(__always) var asInt: Int { Int(Int64(bitPattern: bits)) }
    @inline(__always) var asFloat: Double { Double(bitPattern: bits) }
    @inline(__always) var asBool: Bool { bits != 0 }
    @inline(__always) var asScalar: UInt32 { UInt32(truncatingIfNeeded: bits) }

    /// SAFETY: only for values with an object tag; those are made from the address of a live object, and the collector
    /// keeps every object whose value is in a register, global, constant or live object.
    @inline(__always) var object: Object {
        Object(address: UnsafeMutableRawPointer(bitPattern: UInt(bits)).unsafelyUnwrapped)
    }

    var unitVariantType: Int { Int(bits >> 32) }
    var unitVariantIndex: Int { Int(bits & 0xFFFF_FFFF) }
    static func unitVariant(type: Int, index: Int) -> Value {
        Value(tag: Tag.unitVariant, bits: UInt64(type) << 32 | UInt64(index))
    }

    /// An int or float as a float.
    @inline(__always) var number: Double? {
        if isInt { return Double(asInt) }
        if isFloat { return asFloat }
        return nil
    }
}
