import Foundation
import Testing

@testable import HostFiles

@Suite("An output has its name only when it is whole")
struct OutputFileTests {
    /// An empty folder, removed afterwards.
    private func inFolder(_ body: (String) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(at: folder) }
        try body(folder.path)
    }

    private func names(_ folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder)
    }

    @Test("what is written is there, the rest is zero, and no temporary file stays")
    func complete() throws {
        try inFolder { folder in
            var output = try OutputFile(path: folder + "/out", byteCount: 10, replacesExisting: false)
            try [UInt8]([1, 2, 3]).withUnsafeBytes { try output.write($0, at: 4) }
            #expect(try !names(folder).contains("out"))
            try output.complete()
            #expect(try names(folder) == ["out"])
            let contents = try Data(contentsOf: URL(fileURLWithPath: folder + "/out"))
            #expect(contents == Data([0, 0, 0, 0, 1, 2, 3, 0, 0, 0]))
        }
    }

    @Test("a file given up leaves nothing behind")
    func givenUp() throws {
        try inFolder { folder in
            do {
                let output = try OutputFile(path: folder + "/out", byteCount: 10, replacesExisting: false)
                try [UInt8]([1]).withUnsafeBytes { try output.write($0, at: 0) }
            }
            #expect(try names(folder).isEmpty)
        }
    }

    @Test("an existing file is kept unless it is to be replaced, even if it appears meanwhile")
    func existing() throws {
        try inFolder { folder in
            let path = folder + "/out"
            try Data("old".utf8).write(to: URL(fileURLWithPath: path))
            let error = try #require(throws: FileError.self) {
                _ = try OutputFile(path: path, byteCount: 3, replacesExisting: false)
            }
            #expect(error == .exists(path: path) && error.exitCode.rawValue == 73)
            #expect(error.description.contains("--force"))

            var other = try OutputFile(path: folder + "/late", byteCount: 3, replacesExisting: false)
            try Data("old".utf8).write(to: URL(fileURLWithPath: folder + "/late"))
            // A macro's closure cannot borrow what it would have to consume.
            do throws(FileError) {
                try other.complete()
                Issue.record("a file that appeared meanwhile was replaced")
            } catch {
                #expect(error == .exists(path: folder + "/late"))
            }

            var output = try OutputFile(path: path, byteCount: 3, replacesExisting: true)
            try Array("new".utf8).withUnsafeBytes { try output.write($0, at: 0) }
            #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == Data("old".utf8))
            try output.complete()
            #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == Data("new".utf8))
        }
    }

    @Test("what cannot be created or does not fit is said, with the reason")
    func impossible() throws {
        let missing = try #require(throws: FileError.self) {
            _ = try OutputFile(path: "/nowhere/out", byteCount: 1, replacesExisting: true)
        }
        #expect(missing == .unwritable(path: "/nowhere/out", reason: "No such file or directory"))
        #expect(missing.exitCode.rawValue == 74)
        try inFolder { folder in
            let folderItself = try #require(throws: FileError.self) {
                _ = try OutputFile(path: folder, byteCount: 1, replacesExisting: true)
            }
            #expect(folderItself == .unwritable(path: folder, reason: "it is not a regular file"))
            #expect(throws: FileError.self) {
                // More than any disk has: an exbibyte.
                _ = try OutputFile(path: folder + "/out", byteCount: 1 << 60, replacesExisting: true)
            }
            #expect(try names(folder).isEmpty)
        }
    }
}
