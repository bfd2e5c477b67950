import ModelFormats
import Tokenizers
import Transformer

/// A file that parses must describe tensors within itself; a configuration and a tokenizer made of it must hold.
func fuzzGGUF(_ bytes: [UInt8]) {
    guard let file = try? ModelContainer(bytes.span.bytes) else { return }
    for tensor in file.tensors {
        precondition(tensor.byteRange.upperBound <= bytes.count, "a tensor lies outside the file")
    }
    _ = try? ModelConfiguration(file)
    guard let tokenizer = try? Tokenizer(file, bytes: bytes.span.bytes) else { return }
    let tokens = tokenizer.encode("Hello, <s> 世界 ", addSpecial: true, parseSpecial: true)
    for token in tokens { precondition((0..<TokenID(tokenizer.vocabularySize)).contains(token), "no such token") }
    _ = tokenizer.decode(tokens, renderSpecial: true)
}
