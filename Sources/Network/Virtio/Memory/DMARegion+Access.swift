import Synchronization

// The one place where shared memory is touched. A field that the other side may change meanwhile is loaded once, with
// an atomic load, so that the value which was checked is the value which is used. All fields are little-endian
// (VIRTIO 1.2, 1.4), as is every processor this runs on.

extension DMARegion {
    /// Loads a field that the other side publishes; what it wrote before is visible after (2.7.13.4, 2.7.14).
    @inline(__always)
    func loadAcquiring16(at offset: Int) -> UInt16 {
        check(offset, 2)
        // SAFETY: in bounds and aligned by `check`; `Atomic<UInt16>` has the layout of its value.
        return (base + offset).assumingMemoryBound(to: Atomic<UInt16>.self).pointee.load(ordering: .acquiring)
    }

    /// Publishes a field: what was written before is visible to a reader that sees the new value (2.7.13.3).
    @inline(__always)
    func storeReleasing16(_ value: UInt16, at offset: Int) {
        check(offset, 2)
        // SAFETY: as in `loadAcquiring16`.
        (base + offset).assumingMemoryBound(to: Atomic<UInt16>.self).pointee.store(value, ordering: .releasing)
    }

    /// Loads, exactly once, a byte that the other side may change.
    @inline(__always)
    func loadOnce8(at offset: Int) -> UInt8 {
        check(offset, 1)
        // SAFETY: as in `loadAcquiring16`.
        return (base + offset).assumingMemoryBound(to: Atomic<UInt8>.self).pointee.load(ordering: .relaxed)
    }

    @inline(__always)
    func loadOnce16(at offset: Int) -> UInt16 {
        check(offset, 2)
        // SAFETY: as in `loadAcquiring16`.
        return (base + offset).assumingMemoryBound(to: Atomic<UInt16>.self).pointee.load(ordering: .relaxed)
    }

    @inline(__always)
    func loadOnce32(at offset: Int) -> UInt32 {
        check(offset, 4)
        // SAFETY: as in `loadAcquiring16`.
        return (base + offset).assumingMemoryBound(to: Atomic<UInt32>.self).pointee.load(ordering: .relaxed)
    }

    @inline(__always)
    func loadOnce64(at offset: Int) -> UInt64 {
        check(offset, 8)
        // SAFETY: as in `loadAcquiring16`.
        return (base + offset).assumingMemoryBound(to: Atomic<UInt64>.self).pointee.load(ordering: .relaxed)
    }

    /// Writes a field that becomes visible with a later releasing store.
    @inline(__always)
    func store<Value: FixedWidthInteger & BitwiseCopyable>(_ value: Value, at offset: Int) {
        check(offset, MemoryLayout<Value>.size)
        // SAFETY: in bounds and aligned by `check`; integers are trivial.
        (base + offset).storeBytes(of: value.littleEndian, as: Value.self)
    }

    /// Gives access to `byteCount` bytes from `offset` on for reading.
    @inline(__always)
    func withBytes<Result>(at offset: Int, byteCount: Int, _ body: (Span<UInt8>) -> Result) -> Result {
        let part = part(at: offset, byteCount: byteCount)
        // SAFETY: the part's bytes are initialised and outlive the call, which cannot keep the span.
        return body(Span(_unsafeStart: part.base.assumingMemoryBound(to: UInt8.self), count: byteCount))
    }

    /// Gives access to `byteCount` bytes from `offset` on for writing.
    @inline(__always)
    func withMutableBytes<Result>(
        at offset: Int, byteCount: Int, _ body: (inout MutableSpan<UInt8>) -> Result
    ) -> Result {
        let part = part(at: offset, byteCount: byteCount)
        // SAFETY: as in `withBytes`; no other span of these bytes is alive, the driver owns them while it lends them.
        var bytes = MutableSpan(_unsafeStart: part.base.assumingMemoryBound(to: UInt8.self), count: byteCount)
        return body(&bytes)
    }

    @inline(__always)
    private func check(_ offset: Int, _ width: Int) {
        precondition(offset >= 0 && offset <= byteCount - width)
        assert((UInt(bitPattern: base) &+ UInt(offset)) % UInt(width) == 0)
    }
}

/// Orders this side's store before its following load, which acquire and release do not: x86 may swap the two. Needed
/// wherever one publishes an index and then looks at the other side's wish to be notified (2.7.10.1, 2.7.7.1).
@inline(__always)
func fullFence() {
    atomicMemoryFence(ordering: .sequentiallyConsistent)
}
