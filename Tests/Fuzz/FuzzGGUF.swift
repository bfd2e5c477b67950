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
    let text = [UInt8]("Hello, <s> 世界 ".utf8)
    guard let tokens = try? tokenizer.encode(text.span, addSpecial: true, parseSpecial: true, limit: 1_024)
    else { preconditionFailure("so few bytes are not that many tokens") }
    for token in tokens { precondition((0..<TokenID(tokenizer.vocabularySize)).contains(token), "no such token") }
    _ = tokenizer.decode(tokens, renderSpecial: true)
}
