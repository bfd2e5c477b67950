import CLinux

/// 128 random bits that a snapshot's two files have in common.
public struct SnapshotID: Equatable, Sendable {
    let high: UInt64
    let low: UInt64

    public static func random() -> SnapshotID {
        SnapshotID(high: .random(in: .min ... .max), low: .random(in: .min ... .max))
    }

    init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// 32 hexadecimal digits.
    public var text: String { Fingerprint(value: high).text + Fingerprint(value: low).text }

    public init?(text: String) {
        guard text.utf8.count == 32, let high = Fingerprint(text: String(text.prefix(16))),
            let low = Fingerprint(text: String(text.suffix(16)))
        else { return nil }
        self.init(high: high.value, low: low.value)
    }
}
