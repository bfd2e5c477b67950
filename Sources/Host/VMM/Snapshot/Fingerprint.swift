import Glibc

/// 64 bits by which content is known again: FNV-1a over words of eight bytes. It finds damage and mistakes, not malice.
public struct Fingerprint: Equatable, Sendable {
    public private(set) var value: UInt64 = 0xcbf2_9ce4_8422_2325

    public init() {}

    /// A fingerprint that was written down.
    public init(value: UInt64) { self.value = value }

    public mutating func combine(_ word: UInt64) {
        value = (value ^ word) &* 0x0000_0100_0000_01b3
        // A word's upper bits would only ever reach the upper bits of the product.
        value ^= value >> 29
    }

    /// Takes in all bytes, and how many there are.
    public mutating func combine(_ bytes: [UInt8]) { bytes.withUnsafeBytes { combine($0) } }

    mutating func combine(_ bytes: UnsafeRawBufferPointer) {
        combine(UInt64(bytes.count))
        let wholeByteCount = bytes.count & ~7
        for start in stride(from: 0, to: wholeByteCount, by: 8) {
            combine(UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: start, as: UInt64.self)))
        }
        guard wholeByteCount < bytes.count else { return }
        combine(bytes[wholeByteCount...].reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
    }

    /// Sixteen hexadecimal digits.
    public var text: String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    public init?(text: String) {
        guard text.utf8.count == 16, text.utf8.allSatisfy({ $0 != UInt8(ascii: "+") }),
            let value = UInt64(text, radix: 16)
        else { return nil }
        self.value = value
    }
}

/// A file by what it holds rather than by its name: its size and a fingerprint of its header and of samples from all
/// over it, so that it is known at once however large it is.
public struct FileIdentity: Equatable, Sendable {
    public let byteCount: Int
    public let fingerprint: Fingerprint

    private static let sampleByteCount = 4_096
    private static let sampleCount = 64

    public init(byteCount: Int, fingerprint: Fingerprint) {
        self.byteCount = byteCount
        self.fingerprint = fingerprint
    }

    /// The identity of the file at `path`.
    public init(ofFileAt path: String) throws(VMMError) {
        let file = try InputFile(path)
        var fingerprint = Fingerprint()
        var bytes = [UInt8](repeating: 0, count: Self.sampleByteCount)
        let step = max(file.byteCount / Self.sampleCount / Self.sampleByteCount, 1) * Self.sampleByteCount
        for offset in stride(from: 0, to: file.byteCount, by: step) {
            let wanted = min(bytes.count, file.byteCount - offset)
            let length = pread(file.descriptor.number, &bytes, wanted, off_t(offset))
            guard length == wanted else { throw .fileUnreadable(path: path, errno: length < 0 ? errno : EIO) }
            bytes.withUnsafeBytes { fingerprint.combine(UnsafeRawBufferPointer(rebasing: $0[..<wanted])) }
        }
        self.init(byteCount: file.byteCount, fingerprint: fingerprint)
    }
}
