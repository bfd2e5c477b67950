/// A heap object: a 24-byte header, then what its kind needs.
///
///     0   next object of the heap's list
///     8   kind (the value tag's low byte)
///     9   mark
///     12  count    bytes of a string, elements of an aggregate
///     16  detail   type of a struct or enum, function of a closure, hash of a string
///     20  extra    variant, characters of a string, ...
///
/// SAFETY: an `Object` is the address of memory that `Heap.allocate` returned and that has not been swept. Aggregates
/// with inline elements (tuple, struct, variant, closure, cell, range, error) have `count` values from byte 24 on.
struct Object: BitwiseCopyable {
    let address: UnsafeMutableRawPointer

    static let headerBytes = 24

    @inline(__always)
    init(address: UnsafeMutableRawPointer) { self.address = address }

    @inline(__always) var next: UInt {
        get { address.load(as: UInt.self) }
        nonmutating set { address.storeBytes(of: newValue, as: UInt.self) }
    }
    @inline(__always) var kind: UInt8 {
        get { address.load(fromByteOffset: 8, as: UInt8.self) }
        nonmutating set { address.storeBytes(of: newValue, toByteOffset: 8, as: UInt8.self) }
    }
    @inline(__always) var isMarked: Bool {
        get { address.load(fromByteOffset: 9, as: UInt8.self) != 0 }
        nonmutating set { address.storeBytes(of: newValue ? 1 : 0, toByteOffset: 9, as: UInt8.self) }
    }
    @inline(__always) var count: Int {
        get { Int(address.load(fromByteOffset: 12, as: UInt32.self)) }
        nonmutating set {
            address.storeBytes(of: UInt32(truncatingIfNeeded: newValue), toByteOffset: 12, as: UInt32.self)
        }
    }
    @inline(__always) var detail: UInt32 {
        get { address.load(fromByteOffset: 16, as: UInt32.self) }
        nonmutating set { address.storeBytes(of: newValue, toByteOffset: 16, as: UInt32.self) }
    }
    @inline(__always) var extra: UInt32 {
        get { address.load(fromByteOffset: 20, as: UInt32.self) }
        nonmutating set { address.storeBytes(of: newValue, toByteOffset: 20, as: UInt32.self) }
    }

    /// The inline values of an aggregate.
    @inline(__always) var values: ValueWindow {
        ValueWindow(address + Self.headerBytes)
    }
}
