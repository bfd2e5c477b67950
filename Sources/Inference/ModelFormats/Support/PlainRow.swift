/// Plain values in a row: held here, or lent by memory that lives as long as whoever reads it and does not change, such
/// as a mapped model file. Only what is held here can be changed.
///
/// SAFETY (@unchecked Sendable): lent memory is only ever read.
package struct PlainRow<Element: BitwiseCopyable & Sendable>: @unchecked Sendable {
    /// What is held here; empty where the values are lent.
    package var values: [Element]
    @usableFromInline
    let lent: UnsafeBufferPointer<Element>?

    @inlinable
    package init(_ values: [Element]) {
        self.values = values
        lent = nil
    }

    /// - Parameter bytes: whole elements, aligned for them.
    @inlinable
    package init(lending bytes: UnsafeRawBufferPointer) {
        precondition(bytes.count % MemoryLayout<Element>.stride == 0, "whole elements")
        precondition(UInt(bitPattern: bytes.baseAddress) % UInt(MemoryLayout<Element>.alignment) == 0, "aligned")
        values = []
        lent = bytes.bindMemory(to: Element.self)
    }

    @inlinable
    package var count: Int { lent?.count ?? values.count }

    @inlinable
    package var span: Span<Element> {
        @_lifetime(borrow self)
        get {
            guard let lent else { return values.span }
            // SAFETY: the memory outlives this row, as `init(lending:)` asks.
            return unsafe _overrideLifetime(Span(_unsafeElements: lent), borrowing: self)
        }
    }
}
