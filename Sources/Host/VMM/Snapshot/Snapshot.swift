import Glibc
import GuestInterface
import HostSystem

/// A saved machine on disk: a directory with `snapshot.json` and `memory`.
public struct Snapshot: Equatable, Sendable {
    public let directory: String
    public let manifest: SnapshotManifest
    /// Where the kernel is entered.
    private let kernelEntry: UInt32

    public static let manifestName = "snapshot.json"
    public static let memoryName = "memory"

    private var manifestPath: String { "\(directory)/\(Self.manifestName)" }
    var memoryPath: String { "\(directory)/\(Self.memoryName)" }

    /// Reads the manifest and checks that the files are those it speaks of, as far as that takes no time: a damaged
    /// page in the middle of the memory is not found.
    public init(in directory: String) throws(VMMError) {
        try self.init(opening: directory)
        try checkFiles()
    }

    /// Reads the manifest and checks that the memory is its; `checkFiles` checks the rest.
    init(opening directory: String) throws(VMMError) {
        self.directory = directory
        let path = "\(directory)/\(Self.manifestName)"
        let file = try InputFile(path)
        guard file.byteCount <= VMMLimits.snapshotManifestBytesMax else {
            throw .snapshot(path: path, reason: "has \(file.byteCount) bytes, which no manifest has")
        }
        do throws(ConfigurationProblem) {
            manifest = try SnapshotManifest(json: file.descriptor.readAll())
        } catch {
            throw .snapshot(path: path, reason: error.field.isEmpty ? error.reason : "\(error.field) \(error.reason)")
        }
        kernelEntry = try Self.entry(of: "\(directory)/\(Self.memoryName)", manifest)
    }

    /// Checks that the memory is the manifest's.
    private static func entry(of path: String, _ manifest: SnapshotManifest) throws(VMMError) -> UInt32 {
        let layout = try AddressLayout(memoryMiB: manifest.memoryMiB)
        let file = try InputFile(path)
        guard file.byteCount == Int(layout.byteCount) else {
            throw .snapshot(path: path, reason: "has \(file.byteCount) bytes instead of \(layout.byteCount)")
        }
        guard let mark = MemoryMark(in: file) else {
            throw .snapshot(path: path, reason: "is no machine's memory that was saved")
        }
        guard mark.id == manifest.id else {
            throw .snapshot(
                path: path,
                reason: "belongs to snapshot \(mark.id.text), "
                    + "not to \(manifest.id.text) as \(manifestName) says")
        }
        return mark.entry
    }

    func checkFiles() throws(VMMError) {
        let path = manifestPath
        for file in manifest.disks + manifest.mappedFiles {
            let identity = try FileIdentity(ofFileAt: file.path)
            guard identity.byteCount == file.identity.byteCount else {
                throw .snapshot(
                    path: path,
                    reason: "bytes of \(file.path) is \(file.identity.byteCount), "
                        + "and the file has \(identity.byteCount)")
            }
            guard identity == file.identity else {
                throw .snapshot(
                    path: path,
                    reason: "fingerprint of \(file.path) is not the file's: "
                        + "it has changed since the snapshot was made")
            }
        }
    }

    /// Checks that `machine` is made as the one that was saved, of a processor such as `identity`.
    func check(_ machine: MachineDescription, on identity: ProcessorIdentity) throws(VMMError) {
        if let difference = manifest.difference(from: machine) {
            throw .snapshot(path: manifestPath, reason: difference)
        }
        guard identity.featureFingerprint == manifest.processor else {
            throw .snapshot(
                path: manifestPath,
                reason: "machine-config.processor is that of a processor with other "
                    + "features than this one's: make the snapshot anew here")
        }
    }

    /// How the kernel is entered, once a `ResumeBlock` has been left for it.
    var entry: EntryState { EntryState(entry: kernelEntry, startInfo: UInt32(LowMemory.resumeBlock)) }
}
