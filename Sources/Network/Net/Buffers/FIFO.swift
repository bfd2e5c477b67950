/// A queue: first in, first out, at constant cost an element.
struct FIFO<Element: Sendable>: Sendable {
    private var items: [Element] = []
    /// Elements at the front that have been taken and not yet been removed.
    private var takenCount = 0

    var isEmpty: Bool { takenCount == items.count }
    var count: Int { items.count - takenCount }

    mutating func append(_ element: Element) {
        // Moving what is left costs no more than the takings since the last time.
        if takenCount > items.count - takenCount {
            items.removeFirst(takenCount)
            takenCount = 0
        }
        items.append(element)
    }

    mutating func popFirst() -> Element? {
        guard !isEmpty else { return nil }
        takenCount += 1
        return items[takenCount - 1]
    }
}
