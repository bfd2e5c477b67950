import Testing

@testable import ModelFormats

@Suite("XXH64 digests as the reference implementation does")
struct XXH64Tests {
    /// Digests by xxHash's own library (0.8), seed 0; every length class of the algorithm's tail is among them.
    static let texts: [(String, UInt64)] = [
        ("", 0xef46_db37_51d8_e999), ("a", 0xd24e_c4f1_a98c_6e5b), ("abc", 0x44bc_2cf5_ad77_0999),
        ("Nobody inspects the spammish repetition", 0xfbce_a83c_8a37_8bf1),
    ]

    /// Of the bytes `7 i + 3`, modulo 256, for `i` below a count.
    static let sequences: [(Int, UInt64)] = [
        (1, 0x1f25_c8d0_bc1f_4bb6), (3, 0x31d2_363f_52e5_64c9), (4, 0x9bb6_4b7d_66ee_9fda),
        (7, 0x9a7b_1499_59ce_60d8), (8, 0xdab9_9d95_c6f9_0092), (31, 0xa2aa_5f33_cc4a_6119),
        (32, 0x23c3_c17e_f790_fd97), (33, 0x50a7_cfc7_ba58_8784), (63, 0x5e3e_54b4_31c7_493c),
        (64, 0x0eb6_4b3e_f6ee_b01f), (100, 0xa61f_8d4c_170f_e531), (1000, 0x5f23_5fa0_33f1_a3fb),
        (4109, 0x0796_3848_b40a_9a12),
    ]

    @Test("texts", arguments: texts)
    func text(_ text: String, digest: UInt64) {
        #expect(XXH64.digest(of: [UInt8](text.utf8).span.bytes) == digest)
    }

    @Test("every length of the last stripe", arguments: sequences)
    func sequence(_ count: Int, digest: UInt64) {
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 * 7 + 3) }
        #expect(XXH64.digest(of: bytes.span.bytes) == digest)
    }
}
