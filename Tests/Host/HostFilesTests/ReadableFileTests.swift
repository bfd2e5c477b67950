import Testing

@testable import HostFiles

@Suite("A file that is to be read")
struct ReadableFileTests {
    @Test("only a regular file can be a model or a kernel", arguments: ["/nowhere/model.gguf", "/", "/dev/null"])
    func files(path: String) throws {
        let error = try #require(throws: FileError.self) { try ReadableFile.path(path, hint: "choose another") }
        #expect(error.exitCode.rawValue == 66)
        #expect(error.description.hasPrefix("cannot read \(path): "))
        #expect(error.description.hasSuffix("choose another"))
    }
}
