import Glibc

/// What the environment tells every command.
public enum HostEnvironment {
    /// `HEXA_API_KEY`: unlike an argument, other users cannot list it. Nil when unset or empty.
    public static var apiKey: String? { value("HEXA_API_KEY") }

    /// `HEXA_AUDIT_KEY`: signs the heads of the growth bus, and verifies them. Nil when unset or empty.
    public static var auditKey: String? { value("HEXA_AUDIT_KEY") }

    private static func value(_ name: String) -> String? {
        getenv(name).map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
    }
}
