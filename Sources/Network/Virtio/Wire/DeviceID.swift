/// What kind of device stands behind a transport (VIRTIO 1.2, section 5).
public struct DeviceID: RawRepresentable, Equatable, Sendable {
    public let rawValue: UInt32

    public init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    /// A transport without a device (4.2.3.1.1): nothing is wrong, nothing is there.
    public static var none: Self { Self(rawValue: 0) }
    public static var network: Self { Self(rawValue: 1) }
    public static var block: Self { Self(rawValue: 2) }
    public static var console: Self { Self(rawValue: 3) }
    public static var entropy: Self { Self(rawValue: 4) }
    public static var socket: Self { Self(rawValue: 19) }
    public static var persistentMemory: Self { Self(rawValue: 27) }
}

extension DeviceID: CustomStringConvertible {
    public var description: String {
        switch self {
        case .none: "no device"
        case .network: "network device"
        case .block: "block device"
        case .console: "console"
        case .entropy: "entropy device"
        case .socket: "socket device"
        case .persistentMemory: "persistent memory device"
        default: "device \(rawValue)"
        }
    }
}
