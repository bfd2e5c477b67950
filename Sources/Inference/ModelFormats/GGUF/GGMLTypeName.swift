/// Names of GGML's element types, for messages about types that are not supported (ggml `include/ggml.h`).
enum GGMLTypeName {
    static func name(ofType type: UInt32) -> String? {
        switch type {
        case 0: "F32"
        case 1: "F16"
        case 2: "Q4_0"
        case 3: "Q4_1"
        case 4: "Q4_2, removed from GGML"
        case 5: "Q4_3, removed from GGML"
        case 6: "Q5_0"
        case 7: "Q5_1"
        case 8: "Q8_0"
        case 9: "Q8_1"
        case 10: "Q2_K"
        case 11: "Q3_K"
        case 12: "Q4_K"
        case 13: "Q5_K"
        case 14: "Q6_K"
        case 15: "Q8_K"
        case 16: "IQ2_XXS"
        case 17: "IQ2_XS"
        case 18: "IQ3_XXS"
        case 19: "IQ1_S"
        case 20: "IQ4_NL"
        case 21: "IQ3_S"
        case 22: "IQ2_S"
        case 23: "IQ4_XS"
        case 24: "I8"
        case 25: "I16"
        case 26: "I32"
        case 27: "I64"
        case 28: "F64"
        case 29: "IQ1_M"
        case 30: "BF16"
        case 31...33: "Q4_0 repacked, removed from GGML"
        case 34: "TQ1_0"
        case 35: "TQ2_0"
        case 36...38: "IQ4_NL repacked, removed from GGML"
        case 39: "MXFP4"
        default: nil
        }
    }
}
