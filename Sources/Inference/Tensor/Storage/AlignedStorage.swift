/// Memory for `count` elements, aligned to a cache line; freed with its owner.
///
/// A class, because a module that specialises generic code over a non-copyable owner must see the owner's `deinit`, and
/// Embedded Swift shows it only the code of classes.
final class AlignedStorage<Element: BitwiseCopyable> {
    // SAFETY: the memory was allocated with this size and is freed once, by its only owner.

    let base: UnsafeMutablePointer<Element>
    let count: Int

    /// Every element is `zero`.
    convenience init(count: Int, zero: Element) {
        self.init(uninitializedCount: count)
        base.initialize(repeating: zero, count: count)
    }

    /// Elements hold whatever was there: for large memory, whose pages then cost nothing until they are used. The owner
    /// writes each element before it reads it.
    init(uninitializedCount count: Int) {
        let byteCount = max(count, 1) * MemoryLayout<Element>.stride
        let raw = UnsafeMutableRawPointer.allocate(byteCount: byteCount, alignment: Limits.cacheLineBytes)
        base = raw.bindMemory(to: Element.self, capacity: count)
        self.count = count
    }

    deinit {
        UnsafeMutableRawPointer(base).deallocate()
    }
}

extension UnsafeMutablePointer where Pointee: BitwiseCopyable {
    // SAFETY: the memory was allocated with this size and is freed once, by its only owner.

    /// Copies elements that do not overlap. `update(from:count:)` does too, but Embedded Swift makes a call an element
    /// of it.
    func copy(from source: UnsafePointer<Pointee>, count: Int) {
        UnsafeMutableRawPointer(self).copyMemory(from: source, byteCount: count * MemoryLayout<Pointee>.stride)
    }
}
