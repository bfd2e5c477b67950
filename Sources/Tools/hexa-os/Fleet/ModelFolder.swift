import Glibc
import HostFiles
import HostSystem
import ModelFiles
import Reporting

/// The model files of a folder, under the names that clients use.
enum ModelFolder {
    struct File {
        let name: String
        let path: String
        let modifiedUnixSeconds: Int64
        let byteCount: Int
    }

    /// As many as an overview can still be read of.
    private static let fileCountMax = 256

    /// Sorted by name. Of a model that is there packed and unpacked the packed file counts, which loads sooner.
    static func files(in folder: String) throws(FileError) -> [File] {
        var byName: [String: File] = [:]
        for path in try paths(in: folder) {
            var status = stat()
            guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { continue }
            let file = File(
                name: ModelFile.defaultName(ofPath: path), path: path,
                modifiedUnixSeconds: Int64(status.st_mtim.tv_sec), byteCount: Int(status.st_size))
            if let other = byName[file.name] {
                Terminal.note("\(file.name): \(path) is served, not \(other.path)")
            }
            byName[file.name] = file
        }
        guard !byName.isEmpty else {
            throw .unreadable(
                path: folder, reason: "no .hxm or .gguf file is in it",
                hint: "pass a folder with models")
        }
        guard byName.count <= fileCountMax else {
            throw .unreadable(
                path: folder, reason: "it has more than \(fileCountMax) models",
                hint: "divide it")
        }
        return byName.values.sorted { $0.name < $1.name }
    }

    /// The unpacked files before the packed ones.
    private static func paths(in folder: String) throws(FileError) -> [String] {
        guard let directory = opendir(folder) else {
            throw .unreadable(path: folder, reason: errorText(errno), hint: "pass a folder with models")
        }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            names.append(
                withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                    String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
                })
        }
        names.sort()
        let ordered = [".gguf", ".hxm"].flatMap { suffix in names.filter { $0.lowercased().hasSuffix(suffix) } }
        return ordered.filter { !$0.hasPrefix(".") }.map { "\(folder)/\($0)" }
    }
}
