import Glibc
import Model

/// A model file on the host's disk, GGUF or HXM: its header, read and checked; the weights are left where they are.
public struct ModelFile: Sendable {
    /// Absolute.
    public let path: String
    public let byteCount: Int
    public let container: ModelContainer

    /// The first read; most headers, with their vocabulary, are a few MiB.
    private static let firstReadByteCount = 4 << 20
    private static let hint = "pass the path of a GGUF or HXM model file"

    public init(path: String) throws(LaunchError) {
        let resolved = try Preflight.readableFile(path, hint: Self.hint)
        let file = FileDescriptor(owning: open(resolved, O_RDONLY | O_CLOEXEC))
        var status = stat()
        guard fstat(file.number, &status) == 0 else {
            throw .fileUnreadable(path: path, reason: errorText(errno), hint: Self.hint)
        }
        self.path = resolved
        byteCount = Int(status.st_size)
        container = try Self.readHeader(file, path: path, fileByteCount: byteCount)
    }

    private static func readHeader(
        _ file: borrowing FileDescriptor, path: String, fileByteCount: Int
    ) throws(LaunchError) -> ModelContainer {
        var wanted = min(firstReadByteCount, fileByteCount)
        var prefix: [UInt8] = []
        while true {
            while prefix.count < wanted {
                // Short of a read error the file has these bytes: `wanted` stays within its length.
                guard let bytes = file.read(upTo: wanted - prefix.count), !bytes.isEmpty else {
                    throw .fileUnreadable(path: path, reason: "it ends at byte \(prefix.count)",
                                          hint: "is something writing it?")
                }
                prefix += bytes
            }
            let attempt: ModelContainer.PrefixParse
            do throws(ContainerError) {
                attempt = try ModelContainer.parse(prefix: prefix.span.bytes, fileSize: fileByteCount)
            } catch {
                throw .modelInvalid(path: path, reason: error.description)
            }
            switch attempt {
            case .complete(let container): return container
            case .needsMoreBytes(let count):
                guard wanted < fileByteCount else {
                    throw .modelInvalid(path: path, reason: "offset \(fileByteCount): header: needs \(count) bytes, "
                        + "but the file has only \(fileByteCount): it is truncated")
                }
                wanted = min(max(count, wanted * 2), fileByteCount)
            }
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
                 UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"): byte
            default: UInt8(ascii: "-")
            }
        }
        return safe.isEmpty ? "model" : String(decoding: safe.prefix(128), as: UTF8.self)
    }
}
