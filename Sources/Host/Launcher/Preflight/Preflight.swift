import Glibc

/// Looks before the leap: each check answers, or throws the one line that says what to change.
public enum Preflight {
    /// The absolute path of `program` on the search path.
    public static func locate(
        _ program: String, orElse failure: LaunchError = .emulatorMissing,
        searchPath: String = getenv("PATH").map { String(cString: $0) } ?? ""
    ) throws(LaunchError) -> String {
        for folder in searchPath.split(separator: ":") {
            let candidate = "\(folder)/\(program)"
            if access(candidate, X_OK) == 0 { return candidate }
        }
        throw failure
    }

    /// The absolute path of a file that can be read: QEMU takes a colon in a relative one for a protocol.
    public static func readableFile(_ path: String, hint: String) throws(LaunchError) -> String {
        guard let resolved = realpath(path, nil) else {
            throw .fileUnreadable(path: path, reason: errorText(errno), hint: hint)
        }
        defer { free(resolved) }
        var status = stat()
        guard stat(resolved, &status) == 0, access(resolved, R_OK) == 0 else {
            throw .fileUnreadable(path: path, reason: errorText(errno), hint: hint)
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw .fileUnreadable(path: path, reason: "it is not a regular file", hint: hint)
        }
        return String(cString: resolved)
    }

    /// MiB of memory that programs can still have, by the kernel's own estimate; nil when it gives none.
    public static func availableMemoryMiB() -> Int? {
        let file = FileDescriptor(owning: open("/proc/meminfo", O_RDONLY | O_CLOEXEC))
        guard let bytes = file.read() else { return nil }
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
        guard let line = lines.first(where: { $0.hasPrefix("MemAvailable:") }) else { return nil }
        // `MemAvailable:   12345 kB`
        return line.split(separator: " ").dropFirst().first.flatMap { Int($0) }.map { $0 / 1_024 }
    }
}
