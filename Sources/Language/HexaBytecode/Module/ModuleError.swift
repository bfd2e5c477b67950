/// Why a `.hxb` file was refused, and at which byte.
public struct ModuleError: Error, Equatable, Sendable {
    public enum Reason: Equatable, Sendable {
        case notAModule
        case unsupportedVersion(Int)
        case wrongLength
        case wrongChecksum
        case truncated
        case malformedNumber
        case tooMany
        case unknownTag(UInt8)
        case trailingBytes
    }

    public var reason: Reason
    public var offset: Int

    /// One sentence for people.
    public var message: String {
        let what =
            switch reason {
            case .notAModule: "not a hexa module: it does not begin with the bytes of HXB"
            case .unsupportedVersion(let version):
                "written for format version \(version), this machine reads version \(ModuleFormat.version): "
                    + "build it again"
            case .wrongLength: "its length is not the one it states: the file was cut or extended"
            case .wrongChecksum: "its checksum does not match: the file was altered"
            case .truncated: "a table ends in the middle of an entry"
            case .malformedNumber: "a number is out of range"
            case .tooMany: "a table or text is longer than the limit or the file"
            case .unknownTag(let tag): "unknown kind \(tag)"
            case .trailingBytes: "there are bytes after the last table"
            }
        return "bytecode refused at byte \(offset): \(what)"
    }
}

/// The fixed part of a module file.
public enum ModuleFormat {
    /// "HXB" and a byte that text never contains.
    public static let magic: [UInt8] = [0x48, 0x58, 0x42, 0x00]
    public static let version = 1
    /// Magic, version (1), reserved (3), length of the body (8), checksum of the body (8).
    public static let headerBytes = 24

    /// 64-bit FNV-1a: finds damage, does not authenticate; the verifier proves safety.
    static func checksum(_ bytes: [UInt8], from start: Int) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for index in start..<bytes.count {
            hash = (hash ^ UInt64(bytes[index])) &* 0x100_0000_01B3
        }
        return hash
    }
}
