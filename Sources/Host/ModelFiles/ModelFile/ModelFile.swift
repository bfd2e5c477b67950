import Glibc
import HostErrors
import HostFiles
import HostSystem
import ModelFormats

/// A model file on the host's disk, GGUF or HXM: its header, read and checked; the weights are left where they are.
public struct ModelFile: Sendable {
    /// Absolute.
    public let path: String
    public let byteCount: Int
    public let container: ModelContainer

    private static let hint = "pass the path of a GGUF or HXM model file"

    public init(path: String) throws(ModelFileError) {
        let resolved = try failing(as: ModelFileError.file) { () throws(FileError) in
            try ReadableFile.path(path, hint: Self.hint)
        }
        let file = FileDescriptor(owning: open(resolved, O_RDONLY | O_CLOEXEC))
        var status = stat()
        guard fstat(file.number, &status) == 0 else {
            throw .file(.unreadable(path: path, reason: errorText(errno), hint: Self.hint))
        }
        self.path = resolved
        byteCount = Int(status.st_size)
        let mapping: FileMapping
        do throws(FileError) {
            mapping = try FileMapping(file, byteCount: byteCount, path: path)
        } catch {
            throw .file(error)
        }
        do throws(ContainerError) {
            container = try ModelContainer(mapping.bytes.bytes)
        } catch {
            throw .invalid(path: path, reason: error.description)
        }
    }

    /// The name clients use when none is given.
    public var defaultName: String { Self.defaultName(ofPath: path) }

    /// The name of a model at `path`: the file's own without its extension, restricted to what fits a URL and the
    /// kernel's command line.
    public static func defaultName(ofPath path: String) -> String {
        var name = path.split(separator: "/").last.map(String.init) ?? "model"
        for suffix in [".gguf", ".hxm"] where name.lowercased().hasSuffix(suffix) { name.removeLast(suffix.count) }
        let safe = name.utf8.map { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"):
                byte
            default: UInt8(ascii: "-")
            }
        }
        return safe.isEmpty ? "model" : String(decoding: safe.prefix(128), as: UTF8.self)
    }
}
