import CLinux
import Glibc
import HostSystem

/// A file whose pages stay in memory for as long as this does: mapped and locked (mlock(2)). Linux may take the page
/// cache of anything else back at any time, and whoever maps the file next then waits for the disk.
public final class LockedFile: Sendable {
    public let path: String
    private let mapping: WholeFile

    /// Reads what is not in memory yet, which takes the disk its time.
    public init(path: String) throws(ResidencyError) {
        mapping = try WholeFile(path: path)
        self.path = path
        guard mlock(mapping.address, mapping.byteCount) == 0 else { throw mapping.refusal(errno) }
    }

    /// Whether `path` names the file that is locked here, unchanged.
    public var isCurrent: Bool { WholeFile.Identity(path: path) == mapping.identity }

    /// Throws if this process may not lock these files together; reads none of them.
    public static func check(_ paths: [String]) throws(ResidencyError) {
        var mappings: [WholeFile] = []
        for path in paths {
            let mapping = try WholeFile(path: path)
            // Counts as locked, though each page would only be once somebody touches it.
            let failure = linux_lock_on_fault(mapping.address, mapping.byteCount)
            guard failure == 0 else { throw mapping.refusal(failure) }
            mappings.append(mapping)
        }
    }
}

/// A whole file, mapped for reading.
///
/// SAFETY (@unchecked Sendable): nothing changes, and nobody reads through the pointer.
private final class WholeFile: @unchecked Sendable {
    struct Identity: Equatable {
        let device: dev_t
        let inode: ino_t
        let byteCount: Int
        let modified: Int

        init(_ status: stat) {
            (device, inode, byteCount) = (status.st_dev, status.st_ino, Int(status.st_size))
            modified = status.st_mtim.tv_sec * 1_000_000_000 + status.st_mtim.tv_nsec
        }

        init?(path: String) {
            var status = stat()
            guard stat(path, &status) == 0 else { return nil }
            self.init(status)
        }
    }

    let address: UnsafeMutableRawPointer
    let identity: Identity
    private let path: String

    var byteCount: Int { identity.byteCount }

    private static let hint = "--lock-weights needs the model's file"

    init(path: String) throws(ResidencyError) {
        let file = FileDescriptor(owning: open(path, O_RDONLY | O_CLOEXEC))
        var status = stat()
        guard file.number >= 0, fstat(file.number, &status) == 0 else {
            throw .file(.unreadable(path: path, reason: errorText(errno), hint: Self.hint))
        }
        let identity = Identity(status)
        let mapped = mmap(nil, identity.byteCount, PROT_READ, MAP_SHARED, file.number, 0)
        guard let mapped, mapped != MAP_FAILED else {
            throw .file(.unreadable(path: path, reason: errorText(errno), hint: Self.hint))
        }
        address = mapped
        self.identity = identity
        self.path = path
    }

    deinit { munmap(address, byteCount) }

    /// Why it was not locked.
    func refusal(_ number: Int32) -> ResidencyError {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(__RLIMIT_MEMLOCK.rawValue), &limit)
        return .notLocked(
            path: path, byteCount: byteCount, limitByteCount: Int(clamping: limit.rlim_cur), reason: errorText(number))
    }
}
