import Law

/// The target of a program: `/program/NAME`.
public struct ProgramPath: PermitTarget, Equatable {
    public let path: TargetPath

    /// - Parameter name: one segment of a path.
    public init(name: [UInt8]) throws(PathError) {
        guard !name.contains(UInt8(ascii: "/")) else { throw .emptySegment }
        path = try TargetPath(Self.folder + name)
    }

    public var name: String { String(decoding: path.bytes.dropFirst(Self.folder.count), as: UTF8.self) }

    public var key: TargetKey { .path(path) }

    private static var folder: [UInt8] { Array("/program/".utf8) }
}

/// The target of a file in the store: below `/fs`, or, for a saved cache, below `/kv`.
struct FilePath: PermitTarget {
    enum Root {
        case files, caches

        var path: String {
            switch self {
            case .files: "/fs"
            case .caches: "/kv"
            }
        }
    }

    let path: TargetPath

    /// The root of the files is a path too: it can be listed.
    init(_ text: [UInt8], below root: Root) throws(FilePathError) {
        let isRoot = root == .files && text.elementsEqual(root.path.utf8)
        guard isRoot || text.starts(with: (root.path + "/").utf8) else { throw .elsewhere(text, root) }
        do throws(PathError) {
            path = try TargetPath(text)
        } catch {
            throw .noPath(error)
        }
    }

    var key: TargetKey { .path(path) }
}

/// Why text is no path of a file.
enum FilePathError: Error {
    case elsewhere([UInt8], FilePath.Root)
    case noPath(PathError)

    var message: String {
        switch self {
        case .elsewhere(let text, let root):
            "the path must be below \(root.path): '\(root.path)/notes', not '\(String(decoding: text, as: UTF8.self))'"
        case .noPath(let error): error.message
        }
    }
}
