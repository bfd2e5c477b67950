import Glibc
import HostErrors
import HostFiles
import HostSystem
import JSON
import VMM

/// A folder from which a machine starts without `hexa-os`: kernel, model, law and Firecracker's configuration file,
/// whose paths are relative to the folder. Firecracker, and `hexa-vmm` as well, takes them relative to where it is
/// started, so it is started in the folder.
public struct MachineImage: Equatable, Sendable {
    public static let configurationFile = "config.json"
    /// The vsock device's Unix socket, which the monitor makes.
    public static let socketFile = "v.sock"
    private static let kernelFile = "hexa-kernel.elf"
    private static let lawFile = "raw.json"

    /// A file of the folder and where its content comes from.
    struct Member: Equatable {
        let name: String
        let source: String
    }

    let members: [Member]
    /// May hold an API key.
    let isSecret: Bool
    public let description: MachineDescription

    public init(_ machine: MachineConfiguration) throws(UnusableValue) {
        let model = Member(name: machine.isModelPacked ? "model.hxm" : "model.gguf", source: machine.modelPath)
        var members = [Member(name: Self.kernelFile, source: machine.kernelPath), model]
        var placed = machine
        placed.kernelPath = Self.kernelFile
        var description = try FirecrackerCommand(placed, socketPath: Self.socketFile).description
        description.mappedFilePaths = machine.isModelMapped ? [model.name] : []
        description.diskPaths = machine.isModelMapped ? [] : [model.name]
        if let law = machine.law {
            members.append(Member(name: Self.lawFile, source: law.path))
            description.diskPaths.append(Self.lawFile)
        }
        self.members = members
        self.description = description
        isSecret = machine.apiKey != nil || machine.auditKey != nil
    }

    /// Makes the folder, if it is not there, and its files.
    ///
    /// - Parameters:
    ///   - linksFiles: kernel, model and law become symbolic links instead of copies.
    ///   - replacesExisting: whether files that have these names already are to be replaced.
    public func write(to folder: String, linksFiles: Bool, replacesExisting: Bool) throws(FileError) {
        guard mkdir(folder, 0o777) == 0 || errno == EEXIST else {
            throw .unwritable(path: folder, reason: errorText(errno))
        }
        for member in members {
            let path = "\(folder)/\(member.name)"
            if linksFiles {
                try Self.link(path, to: member.source, replacesExisting)
            } else {
                try Self.copy(member.source, to: path, replacesExisting)
            }
        }
        let json = description.json.serialized(style: .pretty) + [UInt8(ascii: "\n")]
        let path = "\(folder)/\(Self.configurationFile)"
        var file = try OutputFile(
            path: path, byteCount: json.count, replacesExisting: replacesExisting, isSecret: isSecret)
        try json.span.withUnsafeBytes { bytes throws(FileError) in try file.write(bytes, at: 0) }
        try file.complete()
    }

    private static func link(_ path: String, to source: String, _ replacesExisting: Bool) throws(FileError) {
        if symlink(source, path) == 0 { return }
        guard errno == EEXIST else { throw .unwritable(path: path, reason: errorText(errno)) }
        guard replacesExisting else { throw .exists(path: path) }
        guard unlink(path) == 0, symlink(source, path) == 0 else {
            throw .unwritable(path: path, reason: errorText(errno))
        }
    }

    /// Written in pieces of which the page cache makes large pages, which are what a model is mapped with.
    private static func copy(_ source: String, to path: String, _ replacesExisting: Bool) throws(FileError) {
        let input = FileDescriptor(owning: open(source, O_RDONLY | O_CLOEXEC))
        guard let byteCount = input.byteCount else {
            throw .unreadable(path: source, reason: errorText(errno), hint: "it was there a moment ago")
        }
        var output = try OutputFile(path: path, byteCount: byteCount, replacesExisting: replacesExisting)
        var offset = 0
        while offset < byteCount {
            guard let piece = input.read(upTo: pieceBytesMax), !piece.isEmpty else {
                throw .unreadable(path: source, reason: "it is shorter than it was", hint: "try again")
            }
            try piece.span.withUnsafeBytes { bytes throws(FileError) in try output.write(bytes, at: offset) }
            offset += piece.count
        }
        try output.complete()
    }

    private static let pieceBytesMax = 4 << 20
}
