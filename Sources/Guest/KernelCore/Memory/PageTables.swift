/// Rights of a mapping, beside being present.
public struct PagePermissions: OptionSet, Sendable {
    public let rawValue: UInt8
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    public static let write = PagePermissions(rawValue: 1 << 0)
    public static let execute = PagePermissions(rawValue: 1 << 1)
    /// Reachable from ring 3; what lacks it is the ring-0 stub's own.
    public static let user = PagePermissions(rawValue: 1 << 2)
    /// Device registers: neither cached nor combined.
    public static let uncached = PagePermissions(rawValue: 1 << 3)
}

/// Builds identity-mapping 4-level page tables (SDM vol. 3, 4.5), with 2 MiB pages wherever a range allows.
///
/// A later mapping of the same page replaces an earlier one: RAM is mapped first, then the image's parts with their
/// own rights. No page may be writable and executable at once.
public struct PageTables {
    /// Gives one zeroed, page-aligned page of identity-mapped memory; nil when there is none left.
    public typealias PageSource = () -> UnsafeMutablePointer<UInt64>?

    public enum MapError: Error, Equatable {
        case outOfPages
        /// Asked for a page that is both writable and executable.
        case writableAndExecutable
        /// Addresses above 2^47 are not identity-mappable.
        case addressTooHigh
    }

    private static var present: UInt64 { 1 << 0 }
    private static var writable: UInt64 { 1 << 1 }
    private static var userReachable: UInt64 { 1 << 2 }
    private static var writeThrough: UInt64 { 1 << 3 }
    private static var cacheDisable: UInt64 { 1 << 4 }
    private static var large: UInt64 { 1 << 7 }
    private static var noExecute: UInt64 { 1 << 63 }
    private static var addressMask: UInt64 { 0x000f_ffff_ffff_f000 }

    /// The table CR3 is to point at; its address is `rootAddress`.
    private let root: UnsafeMutablePointer<UInt64>
    private let pageSource: PageSource

    public init(pageSource: @escaping PageSource) throws(MapError) {
        guard let root = pageSource() else { throw .outOfPages }
        self.root = root
        self.pageSource = pageSource
    }

    public var rootAddress: UInt64 { UInt64(UInt(bitPattern: root)) }

    /// Maps every page of `range`, which is grown to whole 4 KiB pages.
    public func map(_ range: PhysicalRange, _ permissions: PagePermissions) throws(MapError) {
        guard !permissions.contains([.write, .execute]) else { throw .writableAndExecutable }
        let range = range.grown(toMultipleOf: Limits.pageBytes)
        guard range.end < 1 << 47 else { throw .addressTooHigh }
        let flags = Self.flags(permissions)
        var address = range.start
        while address < range.end {
            let fitsLarge = address % Limits.largePageBytes == 0 && range.end - address >= Limits.largePageBytes
            try set(address, to: address | flags, large: fitsLarge)
            address += fitsLarge ? Limits.largePageBytes : Limits.pageBytes
        }
    }

    /// Takes every page of `range` away: touching one faults.
    public func unmap(_ range: PhysicalRange) throws(MapError) {
        let range = range.grown(toMultipleOf: Limits.pageBytes)
        var address = range.start
        while address < range.end {
            try set(address, to: 0, large: false)
            address += Limits.pageBytes
        }
    }

    /// The rights in force at `address`; nil when it is not mapped. What a page walk would find.
    public func permissions(at address: UInt64) -> PagePermissions? {
        var table = root
        for level in [3, 2, 1, 0] {
            let entry = table[Self.index(address, level: level)]
            guard entry & Self.present != 0 else { return nil }
            if level == 0 || entry & Self.large != 0 { return Self.permissions(entry) }
            guard let next = Self.table(entry) else { return nil }
            table = next
        }
        return nil
    }
}

// MARK: - Entries

extension PageTables {
    private static func flags(_ permissions: PagePermissions) -> UInt64 {
        var flags = present
        if permissions.contains(.write) { flags |= writable }
        if permissions.contains(.user) { flags |= userReachable }
        if permissions.contains(.uncached) { flags |= cacheDisable | writeThrough }
        if !permissions.contains(.execute) { flags |= noExecute }
        return flags
    }

    private static func permissions(_ entry: UInt64) -> PagePermissions {
        var permissions: PagePermissions = []
        if entry & writable != 0 { permissions.insert(.write) }
        if entry & userReachable != 0 { permissions.insert(.user) }
        if entry & cacheDisable != 0 { permissions.insert(.uncached) }
        if entry & noExecute == 0 { permissions.insert(.execute) }
        return permissions
    }

    private static func index(_ address: UInt64, level: Int) -> Int {
        Int(address >> (12 + 9 * UInt64(level))) & 511
    }

    private static func table(_ entry: UInt64) -> UnsafeMutablePointer<UInt64>? {
        // SAFETY: tables come from `pageSource` and are identity mapped; only `set` writes non-leaf entries.
        UnsafeMutablePointer(bitPattern: UInt(entry & addressMask))
    }

    /// Writes a leaf entry at level 1 (2 MiB) or 0 (4 KiB), making tables on the way and splitting a large page that is
    /// in it.
    private func set(_ address: UInt64, to entry: UInt64, large: Bool) throws(MapError) {
        let leafLevel = large ? 1 : 0
        var table = root
        for level in stride(from: 3, to: leafLevel, by: -1) {
            table = try descend(table, Self.index(address, level: level), level: level)
        }
        table[Self.index(address, level: leafLevel)] = large ? entry | Self.large : entry
    }

    private func descend(
        _ table: UnsafeMutablePointer<UInt64>, _ index: Int, level: Int
    ) throws(MapError) -> UnsafeMutablePointer<UInt64> {
        let entry = table[index]
        if entry & Self.present != 0, entry & Self.large == 0, let next = Self.table(entry) { return next }
        guard let next = pageSource() else { throw .outOfPages }
        if entry & Self.present != 0 {
            let base = entry & ~Self.large
            for page in 0..<512 {
                next[page] = base + UInt64(page) * Limits.pageBytes
            }
        }
        // Rights are the leaf's: the way there allows everything.
        table[index] = UInt64(UInt(bitPattern: next)) | Self.present | Self.writable | Self.userReachable
        return next
    }
}
