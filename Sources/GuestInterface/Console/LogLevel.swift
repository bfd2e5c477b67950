/// How much a line of the console matters.
public enum LogLevel: UInt8, Comparable, CaseIterable, Sendable {
    case error, warning, info, debug

    public init?(name: [UInt8]) {
        for level in Self.allCases where level.name.hasBytes(name) {
            self = level
            return
        }
        return nil
    }

    /// As on the command line (`hexa.log=`) and in each line.
    public var name: StaticString {
        switch self {
        case .error: "error"
        case .warning: "warn"
        case .info: "info"
        case .debug: "debug"
        }
    }

    public static func < (left: LogLevel, right: LogLevel) -> Bool { left.rawValue < right.rawValue }
}
