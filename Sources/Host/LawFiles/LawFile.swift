import Glibc
import HostErrors
import HostFiles
import HostSystem
import Law

/// A `raw.json` on the host's disk, read and found to be a law.
public struct LawFile: Equatable, Sendable {
    /// Absolute.
    public let path: String
    public let text: [UInt8]
    public let document: LawDocument

    public var byteCount: Int { text.count }

    public init(path: String) throws(LawFileError) {
        let hint = "pass the path of a raw.json; docs/law.md describes it"
        let resolved = try failing(as: LawFileError.file) { () throws(FileError) in
            try ReadableFile.path(path, hint: hint)
        }
        let file = FileDescriptor(owning: open(resolved, O_RDONLY | O_CLOEXEC))
        var text: [UInt8] = []
        while text.count <= LawDocument.byteCountMax, let bytes = file.read(), !bytes.isEmpty { text += bytes }
        do throws(LawError) {
            document = try LawDocument(parsing: text)
        } catch {
            throw .invalid(path: path, reason: error.message)
        }
        self.path = resolved
        self.text = text
    }
}
