import CIntrinsics
import TestSupport
import Testing

@testable import Tensor

/// Room for a decoded panel, or a decoded row.
final class DecodedPanel {
    let codes: AlignedStorage<UInt8>
    let scales: AlignedStorage<Float>
    let minimums: AlignedStorage<Float>

    init(columns: Int) {
        codes = AlignedStorage(count: 16 * columns, zero: 0)
        scales = AlignedStorage(count: columns, zero: 0)
        minimums = AlignedStorage(count: columns, zero: 0)
    }

    func description(_ type: TensorType) -> decoded_panel {
        decoded_panel(
            codes: codes.base, scales: scales.base, minimums: minimums.base,
            elements_per_group: Int64(type.elementsPerGroup), zero_point: Int64(type.zeroPoint),
            code_bits: Int64(type.codeBits))
    }

    /// The largest sum of a row's magnitudes: what rounding errors of its products are relative to.
    func magnitude(_ type: TensorType) -> Float {
        let columns = codes.count / 16
        return (0..<16).map { lane in
            (0..<columns).reduce(Float(0)) { sum, column in
                let group = column / type.elementsPerGroup * 16 + lane
                let code = codes.base[column / 4 * 64 + lane * 4 + column % 4]
                return sum + (scales.base[group] * Float(code)).magnitude + minimums.base[group].magnitude
            }
        }.max() ?? 0
    }

    func expectEqual(_ other: DecodedPanel) {
        #expect((0..<codes.count).allSatisfy { codes.base[$0] == other.codes.base[$0] })
        #expect((0..<scales.count).allSatisfy { scales.base[$0] == other.scales.base[$0] })
        #expect((0..<minimums.count).allSatisfy { minimums.base[$0] == other.minimums.base[$0] })
    }
}

/// Tokens that a panel is multiplied by.
struct Batch: ~Copyable {
    private var activations: Activations

    init(tokens: Int, columns: Int, _ generator: inout SplitMix64) {
        activations = Activations(capacity: tokens, columns: columns)
        activations.rows = tokens
        for token in 0..<tokens {
            for column in 0..<columns { activations.values[token, column] = generator.float(in: -1...1) }
        }
        Kernels(.portable).quantize(activations, rows: 0..<tokens)
    }

    /// Compares two ways to multiply, for whole panels and parts, with and without adding to what is there.
    func expectSameProducts(
        magnitude: Float, _ found: (panel_product) -> Void, _ expected: (panel_product) -> Void
    ) {
        for (lanes, accumulates) in [(UInt16(0xffff), false), (0xffff, true), (0x0ff0, false), (0x8001, true)] {
            let (first, second) = (products(lanes, accumulates, found), products(lanes, accumulates, expected))
            #expect(zip(first, second).allSatisfy { abs($0 - $1) <= 2e-6 * max(1, magnitude) })
        }
    }

    private func products(_ lanes: UInt16, _ accumulates: Bool, _ multiply: (panel_product) -> Void) -> [Float] {
        let stride = 20
        let output = AlignedStorage<Float>(count: activations.rows * stride, zero: 1)
        let tiles = UnsafeRawPointer(activations.tiles.base)
        multiply(
            panel_product(
                first_block: 0, block_count: Int64(activations.blocksPerRow), tiles: tiles,
                tile_stride: Int64(activations.tileBytes), tile_width: Int64(activations.tileWidth),
                token_count: Int64(activations.rows), outliers: UnsafePointer(activations.outliers.base),
                outliers_per_token: Int64(activations.outliersPerRow), output: output.base,
                output_stride: Int64(stride), lanes: lanes, accumulates: accumulates, ahead: tiles, ahead_bytes: 0))
        return (0..<output.count).map { output.base[$0] }
    }
}

/// A page of keys and values, and queries of which each sees another number of its positions.
final class AttendedPage {
    private let queryCount: Int
    private let dimension: Int
    private let queries: AlignedStorage<Float>
    private let keys: AlignedStorage<UInt16>
    private let values: AlignedStorage<UInt16>

    init(_ queryCount: Int, _ dimension: Int, _ generator: inout SplitMix64) {
        self.queryCount = queryCount
        self.dimension = dimension
        queries = AlignedStorage(count: queryCount * dimension, zero: 0)
        keys = AlignedStorage(count: 64 * dimension, zero: 0)
        values = AlignedStorage(count: 64 * dimension, zero: 0)
        for index in 0..<queries.count { queries.base[index] = generator.float(in: -1...1) }
        for index in 0..<keys.count {
            keys.base[index] = Float16(generator.float(in: -1...1)).bitPattern
            values.base[index] = Float16(generator.float(in: -1...1)).bitPattern
        }
    }

    /// Sums and states after two pages: a first whole one, and one of which each query sees less.
    func attended(by kernel: KernelTable.PageAttention) -> [Float] {
        let scores = AlignedStorage<Float>(count: 6 * 64, zero: 0)
        let sums = AlignedStorage<Float>(count: queryCount * dimension, zero: 0)
        let states = AlignedStorage<SIMD2<Float>>(count: queryCount, zero: SIMD2(-.infinity, 0))
        let counts = AlignedStorage<Int32>(count: queryCount, zero: 64)
        for page in 0..<2 {
            for query in 0..<queryCount where page == 1 { counts.base[query] = Int32(query * 7 % 65) }
            kernel(
                queries.base, queryCount, dimension, keys.base, values.base, counts.base, 0.25, scores.base, sums.base,
                states.base)
        }
        return (0..<sums.count).map { sums.base[$0] }
            + (0..<queryCount).flatMap { [states.base[$0][0], states.base[$0][1]] }
    }
}
