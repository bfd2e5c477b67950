import TestSupport
import Testing

@testable import Tokenizers

@Suite("UTF-8 stream assembly")
struct UTF8StreamAssemblerTests {
    @Test("a character cut anywhere comes whole, and not before it is complete")
    func cutCharacters() {
        let text = Array("aé日🙂z".utf8)
        for cut in 0...text.count {
            var assembler = UTF8StreamAssembler()
            var out: [UInt8] = []
            assembler.append(Array(text[..<cut]), to: &out)
            #expect(String(validating: out, as: UTF8.self) != nil)
            #expect(text.starts(with: out))
            #expect(assembler.isInsideCharacter == (out.count < cut))
            assembler.append(Array(text[cut...]), to: &out)
            #expect(out == text && !assembler.isInsideCharacter)
        }
    }

    @Test("an end inside a character shows as U+FFFD")
    func end() {
        var assembler = UTF8StreamAssembler()
        var out: [UInt8] = []
        assembler.append([0x61, 0xf0, 0x9f], to: &out)
        assembler.finish(to: &out)
        #expect(out == Array("a\u{fffd}".utf8))
        assembler.finish(to: &out)
        #expect(out == Array("a\u{fffd}".utf8))
    }

    @Test("random bytes, byte by byte, give what Swift's own repair gives")
    func random() {
        var random = SplitMix64(seed: 4)
        for _ in 0..<2_000 {
            let bytes = (0..<Int.random(in: 0...12, using: &random)).map { _ in
                Bool.random(using: &random)
                    ? UInt8.random(in: 0x80...0xff, using: &random)
                    : UInt8.random(in: 0...0x7f, using: &random)
            }
            var assembler = UTF8StreamAssembler()
            var out: [UInt8] = []
            for byte in bytes { assembler.append([byte], to: &out) }
            assembler.finish(to: &out)
            #expect(out == Array(String(decoding: bytes, as: UTF8.self).utf8), "\(bytes)")
        }
    }
}
