import Foundation
import TestSupport
import Testing

/// The real model that exact tests need: SmolLM2-135M-Instruct in Q4_1.
package enum SmolLM2 {
    package static let path: String = {
        if let path = ProcessInfo.processInfo.environment["HEXA_MODEL_SMOLLM2"] { return path }
        return Repository.file("build/models/smollm2-135m-instruct-q4_1.gguf").path
    }()

    package static let isPresent = FileManager.default.fileExists(atPath: path)

    package static let missingMessage: Comment =
        "SmolLM2 is missing: set HEXA_MODEL_SMOLLM2 or put it at build/models/smollm2-135m-instruct-q4_1.gguf"

    /// The whole file, mapped.
    package static let file: Data = {
        do {
            return try Data(contentsOf: URL(fileURLWithPath: path), options: .alwaysMapped)
        } catch {
            fatalError("cannot map \(path): \(error)")
        }
    }()

    /// The lines of one of the oracles recorded with a reference implementation.
    package static func fixture(_ name: String) throws -> [Substring] {
        let path = Repository.file("Tests/Fixtures/smollm2/" + name).path
        return try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
    }
}
