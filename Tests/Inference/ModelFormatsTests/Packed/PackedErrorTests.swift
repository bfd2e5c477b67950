import ModelFixtures
import TestSupport
import Testing
import Transformer

@testable import ModelFormats

@Suite("HXM: what a damaged or foreign file gets")
struct PackedErrorTests {
    /// Two layers' worth of a few tensors: a vector and two matrices, the last one in panels.
    private static let good: [UInt8] = {
        var builder = TestModels.tinyLlama()
        builder.addTensor("blk.0.attn_k.weight", [64, 32], 2)
        do { return try PackedModel.pack(builder.build()) } catch { fatalError("\(error)") }
    }()

    private static let tablesEnd: Int = {
        do { return try ModelContainer(good.span.bytes).headerByteCount } catch { fatalError("\(error)") }
    }()

    /// Where the entry of tensor `index` begins: output_norm, token_embd, blk.0.attn_q, blk.0.attn_k.
    private static func entry(_ index: Int) -> Int { tablesEnd - 64 - (4 - index) * 128 }

    private static func error(_ file: [UInt8]) -> ContainerError? {
        do throws(ContainerError) {
            _ = try ModelContainer(file.span.bytes)
            return nil
        } catch {
            return error
        }
    }

    struct Case: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let offset: Int
        let field: String
        let problem: ContainerError.Problem
        let isSigned: Bool
        let change: @Sendable (inout [UInt8]) -> Void

        /// - Parameter isSigned: whether the checksums are made to fit the changed file.
        init(
            _ description: String, at offset: Int, field: String, _ problem: ContainerError.Problem,
            isSigned: Bool = true, _ change: @escaping @Sendable (inout [UInt8]) -> Void
        ) {
            testDescription = description
            self.offset = offset
            self.field = field
            self.problem = problem
            self.isSigned = isSigned
            self.change = change
        }
    }

    static let headerCases: [Case] = [
        Case("another magic", at: 0, field: "magic", .foreign(magic: 0x8948_5840), isSigned: false) { $0[3] = 0x40 },
        Case("line ends changed in transfer", at: 0, field: "magic", .foreign(magic: 0x8948_584d), isSigned: false) {
            $0[4] = 0x0a
        },
        Case("version 3", at: 8, field: "version", .unsupportedVersion(3, supported: "1 and 2 are"), isSigned: false) {
            $0[8] = 3
        },
        Case("a longer header", at: 12, field: "header size", .unexpected(96, expected: 64), isSigned: false) {
            $0[12] = 96
        },
        Case(
            "a file that is said to be longer", at: 16, field: "file size",
            .truncated(needed: UInt64(good.count) + 1, fileSize: good.count)
        ) {
            PackedModel.put(UInt64($0.count + 1), at: 16, in: &$0)
        },
        Case(
            "a file that is said to be shorter", at: 16, field: "file size",
            .unexpected(4096, expected: UInt64(good.count))
        ) { PackedModel.put(UInt64(4096), at: 16, in: &$0) },
        Case(
            "metadata beyond the file", at: 24, field: "metadata size",
            .tooLarge(.max, limit: good.count - 64)
        ) { PackedModel.put(UInt64.max, at: 24, in: &$0) },
        Case(
            "absurd metadata count", at: 32, field: "metadata count",
            .tooLarge(1 << 30, limit: GGUFLimits.metadataCountMax)
        ) {
            PackedModel.put(UInt32(1 << 30), at: 32, in: &$0)
        },
        Case(
            "fewer entries than metadata", at: 24, field: "metadata size",
            .unexpected(UInt64(metadataByteCount), expected: 0)
        ) { PackedModel.put(UInt32(0), at: 32, in: &$0) },
        Case(
            "more entries than metadata", at: 64 + metadataByteCount, field: "metadata key 9",
            .outsideSection(needed: UInt64(64 + metadataByteCount + 8), end: 64 + metadataByteCount)
        ) {
            PackedModel.put(UInt32(10), at: 32, in: &$0)
        },
        Case(
            "absurd tensor count", at: 36, field: "tensor count",
            .tooLarge(.init(UInt32.max), limit: GGUFLimits.tensorCountMax)
        ) {
            PackedModel.put(UInt32.max, at: 36, in: &$0)
        },
        Case(
            "a tensor table beyond the file", at: 36, field: "tensor count",
            .truncated(needed: UInt64(entry(0) + 65_536 * 128 + 64), fileSize: good.count)
        ) {
            PackedModel.put(UInt32(65_536), at: 36, in: &$0)
        },
        Case(
            "weights between large pages", at: 40, field: "offset of the weights",
            .misaligned(offset: 2 << 20 | 64, alignment: 2 << 20)
        ) {
            PackedModel.put(UInt64(2 << 20 | 64), at: 40, in: &$0)
        },
        Case(
            "weights within the tables", at: 40, field: "offset of the weights",
            .outside(0, allowed: tablesEnd..<good.count)
        ) { PackedModel.put(UInt64(0), at: 40, in: &$0) },
        Case(
            "another checksum of the tables", at: 48, field: "checksum of the tables",
            .checksumMismatch(stated: 1, actual: XXH64.digest(of: good.span.bytes.extracting(64..<tablesEnd))),
            isSigned: false
        ) {
            PackedModel.put(UInt64(1), at: 48, in: &$0)
            PackedModel.put(XXH64.digest(of: $0.span.bytes.extracting(0..<56)), at: 56, in: &$0)
        },
        Case(
            "another checksum of the header", at: 56, field: "checksum of the header",
            .checksumMismatch(stated: 1, actual: XXH64.digest(of: good.span.bytes.extracting(0..<56))),
            isSigned: false
        ) { PackedModel.put(UInt64(1), at: 56, in: &$0) },
    ]

    private static let metadataByteCount: Int = {
        do { return try ModelContainer(good.span.bytes).metadataByteRange.count } catch { fatalError("\(error)") }
    }()

    static let tensorCases: [Case] = [
        Case("a name that is empty", at: entry(1), field: "name of tensor 1", .empty) { $0[entry(1)] = 0 },
        Case("a name with a blank", at: entry(1), field: "name of tensor 1", .invalidName) { $0[entry(1)] = 0x20 },
        Case(
            "letters behind the name's end", at: entry(1) + 63, field: "name of tensor 1",
            .unexpected(0x61, expected: 0)
        ) { $0[entry(1) + 63] = 0x61 },
        Case("a name twice", at: entry(2), field: "name of tensor 2", .duplicate) {
            $0.replaceSubrange(entry(2)..<(entry(2) + 64), with: $0[entry(1)..<(entry(1) + 64)])
        },
        Case(
            "a type of later GGML", at: entry(1) + 64, field: "tensor 'token_embd.weight': type",
            .unsupportedTensorType(16, name: "IQ2_XXS")
        ) { $0[entry(1) + 64] = 16 },
        Case(
            "a layout that does not exist", at: entry(3) + 68, field: "tensor 'blk.0.attn_k.weight': layout",
            .unsupportedLayout(7)
        ) { $0[entry(3) + 68] = 7 },
        Case(
            "panels of floats", at: entry(1) + 68, field: "tensor 'token_embd.weight': layout",
            .unsupportedLayout(1)
        ) { $0[entry(1) + 68] = 1 },
        Case("no columns", at: entry(1) + 72, field: "tensor 'token_embd.weight': columns", .zeroDimension) {
            PackedModel.put(UInt64(0), at: entry(1) + 72, in: &$0)
        },
        Case(
            "half a block of columns", at: entry(3) + 72, field: "tensor 'blk.0.attn_k.weight': columns",
            .partialBlock(rowLength: 48, elementsPerBlock: 32)
        ) { $0[entry(3) + 72] = 48 },
        Case("rows beyond Int", at: entry(1) + 80, field: "tensor 'token_embd.weight': rows", .sizeOverflow) {
            PackedModel.put(UInt64.max, at: entry(1) + 80, in: &$0)
        },
        Case(
            "sizes whose product overflows", at: entry(1) + 80, field: "tensor 'token_embd.weight': rows",
            .sizeOverflow
        ) { PackedModel.put(UInt64(1 << 62), at: entry(1) + 80, in: &$0) },
        Case(
            "more rows than bytes", at: entry(1) + 96, field: "tensor 'token_embd.weight': size",
            .unexpected(32 * 64 * 4, expected: 33 * 64 * 4)
        ) { $0[entry(1) + 80] = 33 },
        Case(
            "an offset between alignments", at: entry(1) + 88, field: "tensor 'token_embd.weight': offset",
            .misaligned(offset: 2 << 20 | 32, alignment: 64)
        ) { $0[entry(1) + 88] = 32 },
        Case(
            "an offset beyond the file", at: entry(1) + 88, field: "tensor 'token_embd.weight': offset",
            .truncated(needed: 1 << 40 + 8192, fileSize: good.count)
        ) {
            PackedModel.put(UInt64(1 << 40), at: entry(1) + 88, in: &$0)
        },
        Case(
            "an offset that overflows", at: entry(1) + 88, field: "tensor 'token_embd.weight': offset",
            .truncated(needed: .max, fileSize: good.count)
        ) {
            PackedModel.put(UInt64.max & ~63, at: entry(1) + 88, in: &$0)
        },
        Case(
            "a matrix among the vectors", at: entry(1) + 88, field: "tensor 'token_embd.weight': offset",
            .outside(1 << 16, allowed: 2 << 20..<good.count)
        ) {
            PackedModel.put(UInt64(1 << 16), at: entry(1) + 88, in: &$0)
        },
        Case(
            "a vector within the tables", at: entry(0) + 88, field: "tensor 'output_norm.weight': offset",
            .outside(64, allowed: tablesEnd..<2 << 20)
        ) { PackedModel.put(UInt64(64), at: entry(0) + 88, in: &$0) },
        Case(
            "two tensors on one place", at: entry(2) + 88, field: "tensor 'blk.0.attn_q.weight': offset",
            .outOfOrder(2 << 20, previousEnd: 2 << 20 + 8192)
        ) {
            PackedModel.put(UInt64(2 << 20), at: entry(2) + 88, in: &$0)
        },
        Case(
            "a reserved byte in use", at: entry(1) + 127, field: "reserved bytes of tensor 1",
            .unexpected(1, expected: 0)
        ) { $0[entry(1) + 127] = 1 },
    ]

    @Test("named by field, offset and problem", arguments: headerCases + tensorCases)
    func named(item: Case) {
        var file = Self.good
        item.change(&file)
        if item.isSigned { PackedModel.sign(&file, tablesEnd: Self.tablesEnd(statedBy: file)) }
        let error = Self.error(file)
        #expect(error?.offset == item.offset)
        #expect(error?.field == item.field)
        #expect(error?.problem == item.problem)
        #expect(error?.description.hasPrefix("offset 0x") == true && error?.description.contains("\n") == false)
    }

    /// Where a reader takes the tables to end; the good file's end where that is absurd.
    private static func tablesEnd(statedBy file: [UInt8]) -> Int {
        let count = Int(file[36]) | Int(file[37]) << 8 | Int(file[38]) << 16 | Int(file[39]) << 24
        return count == 4 ? tablesEnd : min(tablesEnd, entry(0) + count * 128 + 64)
    }

    @Test("any flipped bit of header and tables is found, without knowing what it means")
    func flippedBits() {
        var random = SplitMix64(seed: 3)
        for offset in 0..<Self.tablesEnd {
            var file = Self.good
            file[offset] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            #expect(Self.error(file) != nil, "byte \(offset)")
        }
    }

    @Test("a file cut at every boundary, one byte before and one behind, is called truncated")
    func truncation() throws {
        let container = try ModelContainer(Self.good.span.bytes)
        let ends =
            [8, 12, 16, 24, 32, 36, 40, 48, 56, 64, container.metadataByteRange.upperBound, Self.tablesEnd]
            + (0...4).map { Self.entry($0) } + container.tensors.flatMap { [$0.offset, $0.byteRange.upperBound] }
            + [2 << 20, Self.good.count]
        for length in Set(ends.flatMap { [$0 - 1, $0, $0 + 1] }).sorted() where length < Self.good.count {
            let error = Self.error(Array(Self.good[..<length]))
            if case .truncated = error?.problem { continue }
            Issue.record("cut at \(length): \(String(describing: error))")
        }
    }

    @Test("a changed tensor passes the header's checks and fails its own checksum, by name and offset")
    func tensors() throws {
        let container = try ModelContainer(Self.good.span.bytes)
        for tensor in container.tensors {
            for offset in [tensor.offset, tensor.byteRange.upperBound - 1] {
                var file = Self.good
                file[offset] ^= 0x10
                let damaged = try ModelContainer(file.span.bytes)
                let error = #expect(throws: ContainerError.self) {
                    try file.withUnsafeBytes { try damaged.verifyTensors(in: $0) }
                }
                #expect(error?.offset == tensor.offset)
                #expect(error?.field == "tensor '\(tensor.name)': checksum")
            }
        }
    }

    @Test("mutated tables under right checksums never trap, and what is accepted lies within the file")
    func fuzz() {
        var random = SplitMix64(seed: 4)
        var accepted = 0
        for _ in 0..<3_000 {
            var prefix = Array(Self.good[..<Self.tablesEnd])
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let offset = Int.random(in: 16..<prefix.count, using: &random)
                let flipped = prefix[offset] ^ 1 << UInt8.random(in: 0..<8, using: &random)
                prefix[offset] = Bool.random(using: &random) ? flipped : UInt8.random(in: 0...255, using: &random)
            }
            PackedModel.sign(&prefix, tablesEnd: Self.tablesEnd)
            guard
                case .complete(let file)? = try? ModelContainer.parse(
                    prefix: prefix.span.bytes, fileSize: Self.good.count)
            else { continue }
            accepted += 1
            #expect(file.tensors.allSatisfy { $0.offset >= Self.tablesEnd && $0.byteRange.upperBound <= file.fileSize })
            #expect(zip(file.tensors, file.tensors.dropFirst()).allSatisfy { $0.byteRange.upperBound <= $1.offset })
            _ = try? ModelConfiguration(file)
        }
        #expect(accepted > 100)
    }
}
