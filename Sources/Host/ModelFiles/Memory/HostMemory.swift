import Glibc
import HostSystem

/// What the host has of memory.
public enum HostMemory {
    /// MiB of memory that programs can still have, by the kernel's own estimate; nil when it gives none.
    public static func availableMiB() -> Int? {
        let file = FileDescriptor(owning: open("/proc/meminfo", O_RDONLY | O_CLOEXEC))
        guard let bytes = file.read() else { return nil }
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
        guard let line = lines.first(where: { $0.hasPrefix("MemAvailable:") }) else { return nil }
        // `MemAvailable:   12345 kB`
        return line.split(separator: " ").dropFirst().first.flatMap { Int($0) }.map { $0 / 1_024 }
    }
}
