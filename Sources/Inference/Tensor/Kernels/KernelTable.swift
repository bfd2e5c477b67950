import CIntrinsics

/// Every kernel, in the variant for one instruction set.
///
/// The portable variant is the definition. The others agree with it within rounding, and exactly where the result is
/// made of integers. A call through the table computes a row, a panel or a page, never one element.
///
/// SAFETY: kernels check nothing. Callers pass memory of the sizes that each kernel names, and input and output that do
/// not overlap unless they are the same parameter.
struct KernelTable: Sendable {
    typealias Floats = UnsafePointer<Float>
    typealias MutableFloats = UnsafeMutablePointer<Float>

    /// The product of two runs of floats.
    let dot: @Sendable (_ left: Floats, _ right: Floats, _ count: Int) -> Float
    /// Widens binary16 numbers, which need not be aligned.
    let widenBinary16: @Sendable (_ source: UnsafeRawPointer, _ count: Int, _ floats: MutableFloats) -> Void
    /// Stores floats as binary16 numbers.
    let narrowToBinary16: @Sendable (_ floats: Floats, _ target: UnsafeMutablePointer<UInt16>, _ count: Int) -> Void

    /// `output = input / rms(input) * weight`, for one row.
    let normalizeRow:
        @Sendable (
            _ input: Floats, _ weight: Floats, _ epsilon: Float, _ count: Int, _ output: MutableFloats
        ) -> Void
    /// `sum += addend`
    let add: @Sendable (_ addend: Floats, _ sum: MutableFloats, _ count: Int) -> Void
    /// `output = silu(gate) * up`, where `silu(x) = x / (1 + e^-x)`.
    let gate: @Sendable (_ gate: Floats, _ up: Floats, _ output: MutableFloats, _ count: Int) -> Void

    /// Quantizes a row of `blockCount` blocks into its lane of a tile of `width` tokens, and takes its outliers apart;
    /// see `Activations`. `target` is the row's word in the tile's first block. `values` are changed for the time of
    /// the call; `magnitudes` have room for one a block.
    let quantizeRow:
        @Sendable (
            _ values: MutableFloats, _ blockCount: Int, _ magnitudes: MutableFloats,
            _ outliers: UnsafeMutablePointer<activation_outlier>, _ outlierCount: Int,
            _ target: UnsafeMutableRawPointer, _ width: Int
        ) -> Void

    /// Interleaves 16 rows of codes, `rowStride` bytes apart, four columns at a time; `columns` is a multiple of 32.
    let interleavePanel:
        @Sendable (
            _ codes: UnsafePointer<UInt8>, _ rowStride: Int, _ columns: Int, _ panel: UnsafeMutablePointer<UInt8>
        ) -> Void
    /// Multiplies a decoded panel by a batch of tokens.
    let multiplyDecodedPanel: @Sendable (_ panel: decoded_panel, _ product: panel_product) -> Void

    /// Takes a page of positions into the running softmax of queries that share its keys and values. `positionCounts`
    /// (0...64) has each query's visible positions, `states` its highest score so far and the sum of weights relative
    /// to it; `scores` is scratch for 6 * 64 numbers.
    typealias PageAttention =
        @Sendable (
            _ queries: Floats, _ queryCount: Int, _ dimension: Int, _ keys: UnsafePointer<UInt16>,
            _ values: UnsafePointer<UInt16>, _ positionCounts: UnsafePointer<Int32>, _ scale: Float,
            _ scores: MutableFloats, _ sums: MutableFloats, _ states: UnsafeMutablePointer<SIMD2<Float>>
        ) -> Void
    /// For heads whose size is a multiple of 16.
    let attendPageBySixteens: PageAttention
    /// For heads whose size is a multiple of 8.
    let attendPageByEights: PageAttention
    /// For heads of any size; no published model has one that is not a multiple of 8.
    let attendPage: PageAttention

    let q4_0: FormatKernels
    let q4_1: FormatKernels
    let q5_0: FormatKernels
    let q5_1: FormatKernels
    let q8_0: FormatKernels
    let q4_K: FormatKernels
    let q5_K: FormatKernels
    let q6_K: FormatKernels
}

/// The kernels that read one quantized format.
struct FormatKernels: Sendable {
    /// Decodes blocks of a row to codes, and to scales and minimums that are `stride` numbers apart.
    typealias RowDecoder =
        @Sendable (
            _ source: UnsafeRawPointer, _ blockCount: Int, _ codes: UnsafeMutablePointer<UInt8>,
            _ scales: UnsafeMutablePointer<Float>, _ minimums: UnsafeMutablePointer<Float>, _ stride: Int
        ) -> Void
    /// Decodes blocks of a panel to what `decoded_panel` describes.
    typealias PanelDecoder =
        @Sendable (
            _ panel: UnsafeRawPointer, _ blockCount: Int, _ codes: UnsafeMutablePointer<UInt8>,
            _ scales: UnsafeMutablePointer<Float>, _ minimums: UnsafeMutablePointer<Float>
        ) -> Void
    /// Multiplies a panel, as it lies in memory, by few tokens.
    typealias PanelProduct = @Sendable (_ panel: UnsafeRawPointer, _ product: panel_product) -> Void

    let decodeRow: RowDecoder
    let decodePanel: PanelDecoder
    /// Nil where a panel is always decoded before it is multiplied.
    let multiplyPanel: PanelProduct?

    init(_ decodeRow: @escaping RowDecoder, _ decodePanel: @escaping PanelDecoder, _ multiplyPanel: PanelProduct?) {
        self.decodeRow = decodeRow
        self.decodePanel = decodePanel
        self.multiplyPanel = multiplyPanel
    }
}

extension KernelTable {
    static func table(of instructionSet: InstructionSet) -> KernelTable {
        switch instructionSet {
        case .portable: .portable
        case .avx2: .avx2
        case .avx512: .avx512
        }
    }

    /// - Precondition: the type is a quantized one.
    subscript(type: TensorType) -> FormatKernels {
        switch type {
        case .f32, .f16, .bf16: preconditionFailure("floating-point tensors have no codes")
        case .q4_0: q4_0
        case .q4_1: q4_1
        case .q5_0: q5_0
        case .q5_1: q5_1
        case .q8_0: q8_0
        case .q4_K: q4_K
        case .q5_K: q5_K
        case .q6_K: q6_K
        }
    }

    /// The fastest attention kernel for heads of `dimension` elements: the vector kernels work on whole registers.
    func attendPage(dimension: Int) -> PageAttention {
        dimension % 16 == 0 ? attendPageBySixteens : dimension % 8 == 0 ? attendPageByEights : attendPage
    }
}
