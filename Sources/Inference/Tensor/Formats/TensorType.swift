/// How a tensor's elements are stored. Raw values are GGML's type ids, as they stand in GGUF files
/// (ggml `docs/gguf.md`, `enum ggml_type`).
public enum TensorType: UInt32, CaseIterable, Sendable {
    case f32 = 0
    case f16 = 1
    case q4_0 = 2
    case q4_1 = 3
    case q5_0 = 6
    case q5_1 = 7
    case q8_0 = 8
    case q4_K = 12
    case q5_K = 13
    case q6_K = 14
    case bf16 = 30

    /// Elements that share one block's scales; a row's length is a multiple of it.
    public var elementsPerBlock: Int {
        switch self {
        case .f32, .f16, .bf16: 1
        case .q4_0, .q4_1, .q5_0, .q5_1, .q8_0: 32
        case .q4_K, .q5_K, .q6_K: 256
        }
    }

    /// Bytes of one block.
    public var bytesPerBlock: Int {
        switch self {
        case .f32: 4
        case .f16, .bf16: 2
        case .q4_0: 2 + 16
        case .q4_1: 2 + 2 + 16
        case .q5_0: 2 + 4 + 16
        case .q5_1: 2 + 2 + 4 + 16
        case .q8_0: 2 + 32
        case .q4_K: 2 + 2 + 12 + 128
        case .q5_K: 2 + 2 + 12 + 32 + 128
        case .q6_K: 128 + 64 + 16 + 2
        }
    }
}

extension TensorType {
    /// Whether elements are small integer codes with a scale per group, rather than floating-point numbers.
    public var isQuantized: Bool {
        switch self {
        case .f32, .f16, .bf16: false
        case .q4_0, .q4_1, .q5_0, .q5_1, .q8_0, .q4_K, .q5_K, .q6_K: true
        }
    }

    /// Elements that share one scale and minimum once a block is decoded; 0 for floating-point types.
    var elementsPerGroup: Int {
        switch self {
        case .f32, .f16, .bf16: 0
        case .q4_0, .q4_1, .q5_0, .q5_1, .q8_0, .q4_K, .q5_K: 32
        case .q6_K: 16
        }
    }

    /// What is taken off a code before it is scaled; 0 where blocks have minimums, and for floating-point types.
    var zeroPoint: Int {
        switch self {
        case .f32, .f16, .bf16, .q4_1, .q5_1, .q4_K, .q5_K: 0
        case .q4_0: 8
        case .q5_0: 16
        case .q6_K: 32
        case .q8_0: 128
        }
    }

    /// Bits of a decoded code; 0 for floating-point types.
    var codeBits: Int {
        switch self {
        case .f32, .f16, .bf16: 0
        case .q4_0, .q4_1, .q4_K: 4
        case .q5_0, .q5_1, .q5_K: 5
        case .q6_K: 6
        case .q8_0: 8
        }
    }
}
