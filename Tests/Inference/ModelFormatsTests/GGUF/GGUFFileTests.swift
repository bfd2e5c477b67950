import Foundation
import ModelFixtures
import Testing
import Transformer

@testable import ModelFormats

@Suite("GGUF: what a well-formed file holds")
struct GGUFFileTests {
    @Test("metadata of every type and the tensor directory come out as they went in")
    func roundTrip() throws {
        var builder = GGUFBuilder()
        builder.add("a.u8", .uint8(200))
        builder.add("a.i32", .int32(-5))
        builder.add("a.u64", .uint64(1 << 40))
        builder.add("a.f32", .float32(1.5))
        builder.add("a.bool", .bool(1))
        builder.add("a.text", .string("grüß"))
        builder.add("a.texts", .strings(["x", "", "yz"]))
        builder.add("a.scores", .float32s([0.5, -2]))
        builder.add("a.types", .int32s([1, -3]))
        builder.addTensor("one", [4, 3])
        builder.addTensor("two", [64, 2], 8)
        let bytes = builder.build()
        let file = try TestModels.parse(bytes)

        #expect(file.version == 3)
        #expect(file.metadata.map(\.key).count == 9)
        #expect(file["a.u8"] == .uint8(200))
        #expect(file["a.i32"]?.integer == -5)
        #expect(file["a.u64"]?.integer == 1 << 40)
        #expect(file["a.f32"]?.number == 1.5)
        #expect(file["a.bool"]?.bool == true)
        #expect(file["a.text"]?.string == "grüß")
        #expect(file["nothing"] == nil)

        let texts = try #require(file["a.texts"]?.array)
        var strings: [String] = []
        texts.forEachString(in: bytes.span.bytes) { _, range in
            strings.append(String(decoding: bytes[range], as: UTF8.self))
        }
        #expect(strings == ["x", "", "yz"])
        let scores = try #require(file["a.scores"]?.array)
        #expect(scores.float32(at: 1, in: bytes.span.bytes) == -2)
        let types = try #require(file["a.types"]?.array)
        #expect(types.integer(at: 1, in: bytes.span.bytes) == -3)

        let two = try #require(file.tensor(named: "two"))
        #expect(two.type == .q8_0)
        #expect(two.dimensions == [64, 2])
        #expect(two.byteCount == 2 * 2 * 34)
        #expect(two.offset == file.dataOffset + 64)
        #expect(file.tensor(named: "three") == nil)
    }

    @Test("version 2 reads like version 3, and an empty file of no tensors is legal")
    func versionTwo() throws {
        var builder = GGUFBuilder()
        builder.version = 2
        #expect(try TestModels.parse(builder.build()).tensors.isEmpty)
    }

    @Test("a stated alignment places the data")
    func alignment() throws {
        var builder = GGUFBuilder()
        builder.alignment = 256
        builder.add("general.alignment", .uint32(256))
        builder.addTensor("one", [3])
        builder.addTensor("two", [3])
        let file = try TestModels.parse(builder.build())
        #expect(file.dataOffset % 256 == 0)
        #expect(file.tensor(named: "two")?.offset == file.dataOffset + 256)
    }

    @Test("a header comes in pieces: each attempt names a need that is true, and the last one gives the whole result")
    func prefix() throws {
        let bytes = TestModels.tinyLlama().build()
        let whole = try TestModels.parse(bytes)
        for length in 0..<bytes.count {
            let parse = try ModelContainer.parse(prefix: bytes.span.extracting(0..<length).bytes, fileSize: bytes.count)
            switch parse {
            case .needsMoreBytes(let needed):
                #expect(length < whole.headerByteCount && needed > length && needed <= whole.headerByteCount)
            case .complete(let file):
                #expect(length >= whole.headerByteCount)
                #expect(file.tensors == whole.tensors)
            }
        }
    }

    @Test("SmolLM2's header", .enabled(if: SmolLM2.isPresent, SmolLM2.missingMessage))
    func smolLM2() throws {
        let file = try ModelContainer(SmolLM2.file.bytes)
        #expect(file.tensors.count == 272)
        #expect(file["tokenizer.ggml.tokens"]?.array?.count == 49152)
        let configuration = try ModelConfiguration(file)
        #expect(configuration.layerCount == 30)
        #expect(configuration.embeddingLength == 576)
        #expect(configuration.headDimension == 64)
        #expect(configuration.vocabularySize == 49152)
        #expect(configuration.hasTiedEmbeddings)
        #expect(configuration.rope.frequencyBase == 100_000)
    }
}
