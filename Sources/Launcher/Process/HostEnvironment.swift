import Glibc

/// What the process was given beside its arguments.
public enum HostEnvironment {
    /// `HEXA_API_KEY`, which keeps the key out of process lists; nil when it is empty or missing.
    public static var apiKey: String? {
        getenv("HEXA_API_KEY").map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
    }
}
