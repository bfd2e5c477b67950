import Foundation
import Testing

@testable import ModelFiles

@Suite("A file is brought into the page cache as a whole")
struct WarmFileTests {
    private func withFile(_ byteCount: Int, _ body: (String) throws -> Void) throws {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try Data(count: byteCount).write(to: path)
        defer { try? FileManager.default.removeItem(at: path) }
        try body(path.path)
    }

    @Test(
        "what is in large pages already is left alone; how much can be so is the file system's to say",
        arguments: [1, 4_096, 2 << 20, (6 << 20) + 1])
    func again(byteCount: Int) throws {
        try withFile(byteCount) { path in
            let first = try WarmFile(path: path) { _ in true }
            #expect(first.byteCount == byteCount)
            #expect((0...byteCount).contains(first.largePageByteCount))
            let again = try WarmFile(path: path) { _ in true }
            if first.largePageByteCount == byteCount / (2 << 20) * (2 << 20) {
                #expect(again.wasWarm && again.largePageByteCount == first.largePageByteCount)
            }
        }
    }

    @Test("progress ends below one and can stop the work")
    func progress() throws {
        // In small pages: written in pieces.
        try withFile(0) { path in
            let file = try #require(FileHandle(forWritingAtPath: path))
            for _ in 0..<32 { file.write(Data(count: 100_000)) }
            try file.close()
            var shares: [Double] = []
            do throws(ResidencyError) {
                let warm = try WarmFile(path: path) { share in
                    shares.append(share)
                    return false
                }
                #expect(warm.wasWarm && shares.isEmpty)
            } catch {
                #expect(error == .interrupted && shares == [0])
            }
        }
    }

    @Test("an empty file, a folder and no file are refused")
    func refused() throws {
        try withFile(0) { path in
            for path in [path, "/", path + ".none"] {
                #expect(throws: ResidencyError.self) { _ = try WarmFile(path: path) { _ in true } }
            }
        }
    }
}
