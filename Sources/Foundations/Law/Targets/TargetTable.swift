/// The paths that have a number: the kernel's own, then those of programs and files in the order of their coming.
struct TargetTable: Sendable {
    private(set) var paths: [TargetPath]
    private var indices: [[UInt8]: Int] = [:]

    init() {
        paths = Target.known.compactMap { $0.knownPath }.map { TargetPath(known: $0) }
        for (index, path) in paths.enumerated() { indices[path.bytes] = index }
    }

    /// The number of a path that has one.
    func existing(_ path: TargetPath) -> Target? { indices[path.bytes].map { Target(index: $0) } }

    /// The number of a path, a new one if need be; nil when there are too many.
    mutating func target(of path: TargetPath) -> Target? {
        if let target = existing(path) { return target }
        guard paths.count < Target.knownCount + Limits.targetsMax else { return nil }
        paths.append(path)
        indices[path.bytes] = paths.count - 1
        return Target(index: paths.count - 1)
    }

    subscript(target: Target) -> TargetPath { paths[Int(target.index)] }
}

/// What has been decided about targets that are no part of the kernel: a table of fixed size in which a newer decision
/// takes an older one's place. A miss costs a walk through the subject's own grants, and nothing else.
struct DecisionCache: Sendable {
    private var entries = [UInt64](repeating: 0, count: Limits.decisionsMax)

    /// What the holder may do, if it is remembered.
    func operations(_ holder: Int, _ target: Target) -> OperationSet? {
        let entry = entries[Self.slot(holder, target)]
        return entry >> 8 == Self.key(holder, target)
            ? OperationSet(rawValue: UInt8(truncatingIfNeeded: entry)) : nil
    }

    mutating func remember(_ operations: OperationSet, _ holder: Int, _ target: Target) {
        entries[Self.slot(holder, target)] = Self.key(holder, target) << 8 | UInt64(operations.rawValue)
    }

    /// Every decision may have changed: the law has, or a row belongs to somebody else now.
    mutating func forget() {
        for index in entries.indices { entries[index] = 0 }
    }

    /// Never zero, so that an empty entry matches nobody: holders fit 20 bits, targets 24.
    private static func key(_ holder: Int, _ target: Target) -> UInt64 {
        1 << 48 | UInt64(holder) << 24 | UInt64(target.index)
    }

    private static func slot(_ holder: Int, _ target: Target) -> Int {
        let mixed = key(holder, target) &* 0x9E37_79B9_7F4A_7C15
        return Int(truncatingIfNeeded: mixed >> 40) & (Limits.decisionsMax - 1)
    }
}
