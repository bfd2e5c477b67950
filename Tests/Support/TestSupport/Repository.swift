import Foundation

/// The checkout that the tests run in: fixtures, documents and examples are found from its root.
public enum Repository {
    /// The folder that holds Package.swift.
    public static let root: URL = {
        var folder = URL(filePath: #filePath).deletingLastPathComponent()
        while folder.path != "/", !FileManager.default.fileExists(atPath: folder.appending(path: "Package.swift").path)
        {
            folder.deleteLastPathComponent()
        }
        return folder
    }()

    /// The file or folder at a path relative to the root.
    public static func file(_ path: String) -> URL { root.appending(path: path) }
}
