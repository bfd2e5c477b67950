/// 10^q as a binary floating-point number with a 128-bit significand, rounded down:
/// `significand * 2^exponent <= 10^q < (significand + error) * 2^exponent`.
///
/// Composed from two small tables: q = 28a + b, and 10^q = 10^(28a) * 5^b * 2^b with 0 <= b < 28. The second factor is
/// exact in 64 bits, so that one multiplication loses less than one unit on top of the table's own.
struct PowerOfTen {
    /// At least 2^126.
    let significand: UInt128
    let exponent: Int
    /// 0 where the significand is exact, otherwise 2.
    let error: UInt128

    /// The powers that matter for doubles: below them even 2^64 * 10^q rounds to zero, above them 10^q is infinite.
    static let supported = -343...308

    /// Precondition: `supported` contains `power`.
    init(_ power: Int) {
        let coarse = power >= 0 ? power / Self.step : (power - (Self.step - 1)) / Self.step
        let fine = power - coarse * Self.step
        let row = 2 * (coarse - Self.firstCoarse)
        let fifthPower = Self.powersOfFive[fine]
        let shift = fifthPower.leadingZeroBitCount
        let factor = UInt128(fifthPower << shift)
        // The product of 128 and 64 bits has 191 or 192; its upper 128 are kept.
        significand =
            UInt128(Self.coarseSignificands[row]) * factor
            + (UInt128(Self.coarseSignificands[row + 1]) * factor) >> 64
        exponent = Self.floorOfBinaryLogarithm(ofPower: coarse * Self.step) - 127 + (fine - shift) + 64
        // 5^54 is the largest power of five below 2^127, and the lowest bit of 128 may be lost.
        error = (0...54).contains(power) ? 0 : 2
    }

    /// floor(log2(10^power)), exact for |power| <= 400: 217706 / 2^16 approximates log2(10) closely enough.
    static func floorOfBinaryLogarithm(ofPower power: Int) -> Int {
        (power * 217_706) >> 16
    }

    private static let step = 28
    private static let firstCoarse = -13

    /// 5^0 to 5^27, the powers that fit 64 bits.
    static let powersOfFive: [UInt64] = [
        1, 5, 25, 125, 625, 3_125, 15_625, 78_125, 390_625, 1_953_125, 9_765_625, 48_828_125, 244_140_625,
        1_220_703_125, 6_103_515_625, 30_517_578_125, 152_587_890_625, 762_939_453_125, 3_814_697_265_625,
        19_073_486_328_125, 95_367_431_640_625, 476_837_158_203_125, 2_384_185_791_015_625, 11_920_928_955_078_125,
        59_604_644_775_390_625, 298_023_223_876_953_125, 1_490_116_119_384_765_625, 7_450_580_596_923_828_125,
    ]

    /// The 128 leading bits of 10^(28a), upper half first, for a from -13 to 11. The tests derive each from big
    /// integers.
    private static let coarseSignificands: [UInt64] = [
        0xE1AF_A13A_FBD1_4D6D, 0x8218_9C09_A3A1_EC21,  // 10^-364
        0xE3E2_7A44_4D8D_98B7, 0xFD1B_1B23_0816_9B25,  // 10^-336
        0xE61A_CF03_3D1A_45DF, 0x6FB9_2487_298E_33BD,  // 10^-308
        0xE858_AD24_8F5C_22C9, 0xD1B3_400F_8F9C_FF68,  // 10^-280
        0xEA9C_2277_23EE_8BCB, 0x465E_15A9_79C1_CADC,  // 10^-252
        0xECE5_3CEC_4A31_4EBD, 0xA4F8_BF56_3524_6428,  // 10^-224
        0xEF34_0A98_172A_ACE4, 0x86FB_8971_16C8_7C34,  // 10^-196
        0xF188_99B1_BC3F_8CA1, 0xDC44_E6C3_CB27_9AC1,  // 10^-168
        0xF3E2_F893_DEC3_F126, 0x5A89_DBA3_C3EF_CCFA,  // 10^-140
        0xF643_35BC_F065_D37D, 0x4D46_17B5_FF4A_16D5,  // 10^-112
        0xF8A9_5FCF_8874_7D94, 0x75A4_4C63_97CE_912A,  // 10^-84
        0xFB15_8592_BE06_8D2E, 0xEED6_E2F0_F0D5_6712,  // 10^-56
        0xFD87_B5F2_8300_CA0D, 0x8BCA_9D6E_1888_53FC,  // 10^-28
        0x8000_0000_0000_0000, 0x0000_0000_0000_0000,  // 10^0
        0x813F_3978_F894_0984, 0x4000_0000_0000_0000,  // 10^28
        0x8281_8F12_81ED_449F, 0xBFF8_F10E_7A89_21A4,  // 10^56
        0x83C7_088E_1AAB_65DB, 0x7926_67C6_DA79_E0FA,  // 10^84
        0x850F_ADC0_9923_329E, 0x03E2_CF6B_C604_DDB0,  // 10^112
        0x865B_8692_5B9B_C5C2, 0x0B8A_2392_BA45_A9B2,  // 10^140
        0x87AA_9AFF_7904_2286, 0x90FB_44D2_F05D_0842,  // 10^168
        0x88FC_F317_F222_41E2, 0x441F_ECE3_BDF8_1F03,  // 10^196
        0x8A52_96FF_E33C_C92F, 0x82BD_6B70_D99A_AA6F,  // 10^224
        0x8BAB_8EEF_B640_9C1A, 0x1AD0_89B6_C2F7_548E,  // 10^252
        0x8D07_E334_5563_7EB2, 0xDB0B_487B_6423_E1E8,  // 10^280
        0x8E67_9C2F_5E44_FF8F, 0x570F_09EA_A7EA_7648,  // 10^308
    ]
}
