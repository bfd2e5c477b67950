import Glibc
import HostFiles
import HostSystem
import JSON
import VMM

/// A snapshot that is being made. It has its name only when it is complete: until then it is a directory with a
/// temporary name beside it, and whatever goes wrong, nothing of it stays behind.
///
/// The files are readable by their owner alone: the memory holds what the machine knew, keys included.
public struct SnapshotDirectory: ~Copyable {
    public let id = SnapshotID.random()
    private let memory: FileDescriptor
    private let path: String
    private let temporaryPath: String
    private let replacesExisting: Bool
    private var isComplete = false

    /// - Parameters:
    ///   - memoryMiB: the machine's.
    ///   - replacesExisting: whether a snapshot that has the name already is to be replaced.
    public init(path: String, memoryMiB: Int, replacesExisting: Bool) throws(FileError) {
        let path = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
        try Self.checkReplaceable(path, replacesExisting)
        let temporaryPath = "\(path).\(getpid()).partial"
        guard mkdir(temporaryPath, 0o700) == 0 else { throw .unwritable(path: path, reason: errorText(errno)) }
        let number = open("\(temporaryPath)/\(Snapshot.memoryName)", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard number >= 0, ftruncate(number, off_t(memoryMiB) << 20) == 0 else {
            let reason = errorText(errno)
            close(number)
            Self.remove(temporaryPath)
            throw .unwritable(path: path, reason: reason)
        }
        memory = FileDescriptor(owning: number)
        self.path = path
        self.temporaryPath = temporaryPath
        self.replacesExisting = replacesExisting
    }

    deinit { if !isComplete { Self.remove(temporaryPath) } }

    /// What the machine that is to be saved must be given.
    public var saving: MachineDescription.Saving { .init(descriptor: memory.number, id: id) }

    /// Adds the manifest to the memory that was written, makes both durable and gives them their name.
    ///
    /// - Returns: the bytes that the memory takes on the disk.
    public mutating func complete(_ manifest: SnapshotManifest) throws(FileError) -> Int {
        let file = FileDescriptor(
            owning: open(
                "\(temporaryPath)/\(Snapshot.manifestName)", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600))
        guard file.number >= 0, file.write(manifest.json.serialized(style: .pretty)), fsync(file.number) == 0,
            fsync(memory.number) == 0
        else { throw .unwritable(path: path, reason: errorText(errno)) }
        var status = stat()
        guard fstat(memory.number, &status) == 0 else { throw .unwritable(path: path, reason: errorText(errno)) }
        try Self.checkReplaceable(path, replacesExisting)
        Self.remove(path)
        guard rename(temporaryPath, path) == 0 else { throw .unwritable(path: path, reason: errorText(errno)) }
        isComplete = true
        return Int(status.st_blocks) * 512
    }

    /// Takes a snapshot's files away, and the directory if it holds nothing else.
    private static func remove(_ path: String) {
        for name in [Snapshot.memoryName, Snapshot.manifestName] { unlink("\(path)/\(name)") }
        rmdir(path)
    }

    private static func checkReplaceable(_ path: String, _ replacesExisting: Bool) throws(FileError) {
        var status = stat()
        guard stat(path, &status) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFDIR else {
            throw .unwritable(path: path, reason: "it is not a directory")
        }
        guard replacesExisting else { throw .exists(path: path) }
        guard access("\(path)/\(Snapshot.manifestName)", F_OK) == 0 else {
            throw .unwritable(path: path, reason: "it is a directory, and no snapshot")
        }
    }
}
