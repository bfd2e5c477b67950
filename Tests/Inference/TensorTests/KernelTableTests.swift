import CIntrinsics
import TestSupport
import Testing

@testable import Tensor

/// What a kernel is compared with: its portable counterpart, which is the definition.
private typealias Comparison = @Sendable (_ found: KernelTable, _ expected: KernelTable, _ seed: UInt64) -> Void

@Suite("Kernel tables")
struct KernelTableTests {
    private static let counts = [0, 1, 7, 8, 9, 31, 64, 131]

    private static let kernels: [String: Comparison] = [
        "dot": compareDot, "widenBinary16": compareWidening, "narrowToBinary16": compareNarrowing,
        "normalizeRow": compareNormalization, "add": compareAddition, "gate": compareGate,
        "quantizeRow": compareQuantization, "interleavePanel": compareInterleaving,
        "multiplyDecodedPanel": compareDecodedProducts,
        "attendPageBySixteens": {
            compareAttention($0.attendPageBySixteens, $1, $2, dimensions: [16, 48, 64, 80, 128])
        },
        "attendPageByEights": { compareAttention($0.attendPageByEights, $1, $2, dimensions: [8, 24, 40, 64]) },
        "attendPage": { compareAttention($0.attendPage, $1, $2, dimensions: [1, 6, 8, 16]) },
    ]

    private static let formats: [String: TensorType] = [
        "q4_0": .q4_0, "q4_1": .q4_1, "q5_0": .q5_0, "q5_1": .q5_1, "q8_0": .q8_0, "q4_K": .q4_K, "q5_K": .q5_K,
        "q6_K": .q6_K,
    ]

    @Test("every kernel of a table is compared with the portable one")
    func comparisonsAreComplete() {
        let fields = Mirror(reflecting: KernelTable.portable).children.compactMap(\.label)
        #expect(Set(fields) == Set(Self.kernels.keys).union(Self.formats.keys))
        #expect(Set(Self.formats.values) == Set(TensorType.allCases.filter(\.isQuantized)))
        let formatFields = Mirror(reflecting: KernelTable.portable.q4_0).children.compactMap(\.label)
        #expect(formatFields == ["decodeRow", "decodePanel", "multiplyPanel"])
    }

    @Test("kernels agree with the portable ones", arguments: supportedInstructionSets, kernels.keys.sorted())
    func agree(variant: InstructionSet, kernel: String) {
        Self.kernels[kernel]?(.table(of: variant), .portable, 11)
    }

    @Test(
        "row decoders give the portable codes, scales and minimums", arguments: supportedInstructionSets,
        formats.keys.sorted())
    func rowDecodersAgree(variant: InstructionSet, format: String) throws {
        let type = try #require(Self.formats[format])
        var generator = SplitMix64(seed: 12)
        for (blocks, stride) in [(1, 1), (3, 16)] {
            let weights = RandomTensor(type, rows: 1, columns: blocks * type.elementsPerBlock, using: &generator)
            let (found, expected) = (
                DecodedPanel(columns: weights.view.columns), DecodedPanel(columns: weights.view.columns)
            )
            for (table, target) in [(KernelTable.table(of: variant), found), (.portable, expected)] {
                table[type].decodeRow(
                    weights.view.row(0), blocks, target.codes.base, target.scales.base, target.minimums.base, stride)
            }
            found.expectEqual(expected)
        }
    }

    @Test(
        "panel decoders give what decoding and interleaving the rows gives", arguments: supportedInstructionSets,
        formats.keys.sorted())
    func panelDecodersAgree(variant: InstructionSet, format: String) throws {
        let type = try #require(Self.formats[format])
        var generator = SplitMix64(seed: 13)
        for blocks in [1, 2, 5] {
            let columns = blocks * type.elementsPerBlock
            let weights = RandomTensor(type, rows: 16, columns: columns, using: &generator)
            let (found, expected) = (DecodedPanel(columns: columns), DecodedPanel(columns: columns))
            let rows = AlignedStorage<UInt8>(count: 16 * columns, zero: 0)
            for lane in 0..<16 {
                KernelTable.portable[type].decodeRow(
                    weights.view.row(lane), blocks, rows.base + lane * columns, expected.scales.base + lane,
                    expected.minimums.base + lane, 16)
            }
            KernelTable.portable.interleavePanel(rows.base, columns, columns, expected.codes.base)
            weights.pack()
            KernelTable.table(of: variant)[type].decodePanel(
                weights.view.panel(firstRow: 0, column: 0), blocks, found.codes.base, found.scales.base,
                found.minimums.base)
            found.expectEqual(expected)
        }
    }

    @Test(
        "products of panels as they lie are those of decoded panels", arguments: supportedInstructionSets,
        formats.keys.sorted())
    func panelProductsAgree(variant: InstructionSet, format: String) throws {
        let type = try #require(Self.formats[format])
        guard let multiplyPanel = KernelTable.table(of: variant)[type].multiplyPanel else { return }
        var generator = SplitMix64(seed: 14)
        let columns = 3 * max(type.elementsPerBlock, 64)
        let weights = RandomTensor(type, rows: 16, columns: columns, using: &generator)
        weights.pack()
        let panel = weights.view.panel(firstRow: 0, column: 0)
        let decoded = DecodedPanel(columns: columns)
        KernelTable.portable[type].decodePanel(
            panel, columns / type.elementsPerBlock, decoded.codes.base, decoded.scales.base, decoded.minimums.base)
        for tokens in [1, 2, 3, 8, 11] {
            let batch = Batch(tokens: tokens, columns: columns, &generator)
            batch.expectSameProducts(
                magnitude: decoded.magnitude(type),
                { multiplyPanel(panel, $0) },
                { KernelTable.portable.multiplyDecodedPanel(decoded.description(type), $0) })
        }
    }
}

extension KernelTableTests {
    private static func floats(_ count: Int, _ generator: inout SplitMix64) -> AlignedStorage<Float> {
        let storage = AlignedStorage<Float>(count: count, zero: 0)
        for index in 0..<count { storage.base[index] = generator.float(in: -3...3) }
        return storage
    }

    private static func compareDot(_ found: KernelTable, _ expected: KernelTable, _ seed: UInt64) {
        var generator = SplitMix64(seed: seed)
        for count in counts {
            let (left, right) = (floats(count, &generator), floats(count, &generator))
            let difference = found.dot(left.base, right.base, count) - expected.dot(left.base, right.base, count)
            #expect(abs(difference) <= 1e-4)
        }
    }

    private static func compareWidening(_ found: KernelTable, _ expected: KernelTable, _ seed: UInt64) {
        // Every binary16 number, from an odd address.
        let halves = AlignedStorage<UInt8>(count: 2 * 65_536 + 1, zero: 0)
        let source = UnsafeMutableRawPointer(halves.base + 1)
        for half in 0..<65_536 { source.storeBytes(of: UInt16(half), toByteOffset: 2 * half, as: UInt16.self) }
        for count in counts + [65_536] {
            let (first, second) = (
                AlignedStorage<Float>(count: count, zero: 0), AlignedStorage<Float>(count: count, zero: 0)
            )
            found.widenBinary16(source, count, first.base)
            expected.widenBinary16(source, count, second.base)
            for index in 0..<count where !second.base[index].isNaN {
                #expect(first.base[index].bitPattern == second.base[index].bitPattern)
            }
        }
    }

    private static func compareNarrowing(_ found: KernelTable, _ expected: KernelTable, _ seed: UInt64) {
        var generator = SplitMix64(seed: seed)
        for count in counts {
            let source = floats(count, &generator)
            let (first, second) = (
                AlignedStorage<UInt16>(count: count, zero: 0), AlignedStorage<UInt16>(count: count, zero: 0)
            )
            found.narrowToBinary16(source.base, first.base, count)
            expected.narrowToBinary16(source.base, second.base, count)
            for index in 0..<count { #expect(first.base[index] == second.base[index]) }
        }
    }

    private static func compareNormalization(_ found: KernelTable, _ expected: KernelTable, _ seed: UInt64) {
        var generator = SplitMix64(seed: seed)
        for count in counts where count > 0 {
            let (input, weight) = (floats(count, &generator), floats(count, &generator))
            expectNear(count) { useFound, output in
                (useFound ? found : expected).normalizeRow(input.base, weight.base, 1e-5, count, output)
            }
        }
    }

    private static func compareAddition(_ found: KernelTable, _ expected: KernelTable, _ seed: UInt64) {
        var generator = SplitMix64(seed: seed)
        for count in counts {
            let addend = floats(count, &generator)
            expectNear(count) { useFound, sum in (useFound ? found : expected).add(addend.base, sum, count) }
        }
    }

    private static func compareGate(_ found: KernelTable, _ expected: KernelTable, _ seed: UInt64) {
        var generator = SplitMix64(seed: seed)
        for count in counts {
            let (gate, up) = (floats(count, &generator), floats(count, &generator))
            expectNear(count) { useFound, output in
                (useFound ? found : expected).gate(gate.base, up.base, output, count)
            }
        }
    }

    /// Runs a kernel of each table on the same output, and compares what they leave, a guard element included.
    private static func expectNear(_ count: Int, _ run: (_ useFound: Bool, UnsafeMutablePointer<Float>) -> Void) {
        let (first, second) = (
            AlignedStorage<Float>(count: count + 1, zero: 5), AlignedStorage<Float>(count: count + 1, zero: 5)
        )
        run(true, first.base)
        run(false, second.base)
        for index in 0...count {
            #expect(abs(first.base[index] - second.base[index]) <= 1e-5 * max(1, abs(second.base[index])))
        }
    }

    private static func compareQuantization(_ found: KernelTable, _ expected: KernelTable, _ seed: UInt64) {
        var generator = SplitMix64(seed: seed)
        for (blocks, outliers, width) in [(1, 4, 1), (3, 4, 2), (2, 8, 4), (33, 8, 8)] {
            let values = floats(blocks * 32, &generator)
            let before = (0..<(blocks * 32)).map { values.base[$0] }
            let magnitudes = AlignedStorage<Float>(count: blocks, zero: 0)
            func quantized(_ table: KernelTable) -> (tile: [UInt8], outliers: [[Int]]) {
                let tile = AlignedStorage<UInt8>(count: blocks * width * Activations.blockBytes, zero: 0)
                let apart = AlignedStorage(count: outliers, zero: activation_outlier())
                table.quantizeRow(
                    values.base, blocks, magnitudes.base, apart.base, outliers,
                    UnsafeMutableRawPointer(tile.base) + 4 * (width - 1), width)
                return (
                    (0..<tile.count).map { tile.base[$0] },
                    (0..<outliers).map {
                        let outlier = apart.base[$0]
                        return [Int(outlier.value.bitPattern), Int(outlier.column), Int(outlier.selector)]
                    }
                )
            }
            let (first, second) = (quantized(found), quantized(expected))
            #expect(first.tile == second.tile && first.outliers == second.outliers)
            #expect(before == (0..<(blocks * 32)).map { values.base[$0] })
        }
    }

    private static func compareInterleaving(_ found: KernelTable, _ expected: KernelTable, _ seed: UInt64) {
        var generator = SplitMix64(seed: seed)
        for columns in [32, 64, 96, 2048] {
            let stride = 2048
            let codes = AlignedStorage<UInt8>(count: 16 * stride, zero: 0)
            for index in 0..<codes.count { codes.base[index] = UInt8.random(in: 0...255, using: &generator) }
            func interleaved(_ table: KernelTable) -> [UInt8] {
                let panel = AlignedStorage<UInt8>(count: 16 * columns, zero: 0)
                table.interleavePanel(codes.base, stride, columns, panel.base)
                return (0..<panel.count).map { panel.base[$0] }
            }
            #expect(interleaved(found) == interleaved(expected))
        }
    }

    private static func compareDecodedProducts(_ found: KernelTable, _ expected: KernelTable, _ seed: UInt64) {
        var generator = SplitMix64(seed: seed)
        for type in TensorType.allCases where type.isQuantized {
            let columns = 2 * max(type.elementsPerBlock, 96)
            let weights = RandomTensor(type, rows: 16, columns: columns, using: &generator)
            weights.pack()
            let panel = DecodedPanel(columns: columns)
            expected[type].decodePanel(
                weights.view.panel(firstRow: 0, column: 0), columns / type.elementsPerBlock, panel.codes.base,
                panel.scales.base, panel.minimums.base)
            for tokens in [1, 2, 4, 7, 19] {
                let batch = Batch(tokens: tokens, columns: columns, &generator)
                batch.expectSameProducts(
                    magnitude: panel.magnitude(type),
                    { found.multiplyDecodedPanel(panel.description(type), $0) },
                    { expected.multiplyDecodedPanel(panel.description(type), $0) })
            }
        }
    }

    private static func compareAttention(
        _ found: KernelTable.PageAttention, _ expected: KernelTable, _ seed: UInt64, dimensions: [Int]
    ) {
        var generator = SplitMix64(seed: seed)
        for dimension in dimensions {
            for queryCount in [1, 2, 3, 6, 9] {
                let page = AttendedPage(queryCount, dimension, &generator)
                let (first, second) = (page.attended(by: found), page.attended(by: expected.attendPage))
                #expect(zip(first, second).allSatisfy { abs($0 - $1) <= 1e-4 * max(1, abs($1)) })
            }
        }
    }
}
