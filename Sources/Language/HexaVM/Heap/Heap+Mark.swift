extension Heap {
    /// Marks what a value refers to; `drain` then marks what that reaches.
    @inline(__always)
    func mark(_ value: Value) {
        if value.isObject { mark(value.object) }
    }

    @inline(__always)
    func mark(_ object: Object) {
        guard !object.isMarked else { return }
        object.isMarked = true
        if UInt64(object.kind) != Tag.string { pending.append(object) }
    }

    func mark(_ values: ValueWindow, count: Int) {
        for index in 0..<count { mark(values[index]) }
    }

    /// Scans marked objects until none is left: an explicit list, because a long chain would overflow the native stack.
    func drain() {
        while let object = pending.popLast() {
            switch UInt64(object.kind) {
            case Tag.array:
                if let elements = object.elements { mark(elements, count: object.count) }
            case Tag.channel: markChannel(object)
            case Tag.map: markMap(object)
            default: mark(object.values, count: object.count)
            }
        }
    }
}
