import Foundation
import ModelFixtures
import ModelFormats
import Testing

@testable import Tokenizers

/// Where llama.cpp's vocabularies are, if HEXA_VOCABULARIES says so.
private enum LlamaCppVocabularies {
    static let folder = ProcessInfo.processInfo.environment["HEXA_VOCABULARIES"]
}

/// Against the vocabularies that llama.cpp's source holds (`models/ggml-vocab-*.gguf` with `.inp` texts and `.out`
/// tokens): Llama 2 and 3, Qwen 2, GPT-2, StarCoder and others. They are too big to keep here: HEXA_VOCABULARIES names
/// the folder.
@Suite(
    "llama.cpp's vocabularies",
    .enabled(
        if: LlamaCppVocabularies.folder != nil,
        "HEXA_VOCABULARIES does not name llama.cpp's folder `models`"))
struct LlamaCppVocabularyTests {
    @Test(
        "texts encode to the recorded tokens",
        arguments: [
            "command-r", "gpt-2", "llama-bpe", "llama-spm", "mpt", "phi-3", "qwen2", "refact", "starcoder",
        ])
    func encodesExactly(name: String) throws {
        let path = try #require(LlamaCppVocabularies.folder) + "/ggml-vocab-" + name + ".gguf"
        let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        let tokenizer = try Tokenizer(try ModelContainer(bytes.bytes), bytes: bytes.bytes)
        let texts = try String(contentsOfFile: path + ".inp", encoding: .utf8)
            .components(separatedBy: "\n__ggml_vocab_test__\n")
        let lines = try String(contentsOfFile: path + ".out", encoding: .utf8).components(separatedBy: "\n")
        #expect(texts.count > 40)
        for (text, line) in zip(texts, lines) {
            let expected = line.split(separator: " ").compactMap { TokenID($0) }
            #expect(tokenizer.encodeAll(text, addSpecial: false, parseSpecial: false) == expected, "\(text)")
        }
    }
}
