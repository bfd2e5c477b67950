import CLinux
import Glibc
import Tensor

/// The guest's processors: how many there should be, and where QEMU's threads that are them run.
///
/// Linux may keep two busy threads on one processor for milliseconds while another is idle; all lanes of a pass then
/// wait for the one that has to share.
public enum VirtualProcessors {
    /// One for each processor that this program may use, as far as the engine can use them.
    public static var countDefault: Int { max(1, min(allowedProcessors().count, LaneCrew.capacityMax)) }

    /// Gives each of the `count` virtual processors of QEMU's `process` a host processor of its own.
    ///
    /// Only when there are exactly as many as this program may use: on fewer, the scheduler's choice beats a fixed one
    /// once several machines run. A processor that cannot be pinned runs where it will.
    static func pin(of process: pid_t, count: Int) {
        let allowed = allowedProcessors()
        guard count > 1, allowed.count == count else { return }
        for thread in threads(of: process) {
            guard let index = index(ofThreadNamed: name(of: thread, in: process)), index < count else { continue }
            _ = linux_pin_to_processor(thread, Int32(allowed[index]))
        }
    }

    /// The number in names such as `CPU 1/KVM`, which QEMU gives its threads with `debug-threads=on`.
    static func index(ofThreadNamed name: String) -> Int? {
        guard name.hasPrefix("CPU "), let slash = name.firstIndex(of: "/") else { return nil }
        return Int(name[name.index(name.startIndex, offsetBy: 4)..<slash])
    }

    /// The host processors that this program may run on, ascending.
    static func allowedProcessors() -> [Int] {
        // As many as a `cpu_set_t` can name.
        var numbers = [Int32](repeating: 0, count: 1_024)
        let count = linux_allowed_processors(&numbers, Int32(numbers.count))
        return numbers.prefix(max(0, Int(count))).map { Int($0) }
    }

    /// proc(5): `/proc/PID/task` has a directory for each thread.
    private static func threads(of process: pid_t) -> [pid_t] {
        guard let directory = opendir("/proc/\(process)/task") else { return [] }
        defer { closedir(directory) }
        var threads: [pid_t] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if let number = pid_t(name) { threads.append(number) }
        }
        return threads
    }

    private static func name(of thread: pid_t, in process: pid_t) -> String {
        guard let file = fopen("/proc/\(process)/task/\(thread)/comm", "r") else { return "" }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 64)
        let count = fread(&bytes, 1, bytes.count, file)
        return String(decoding: bytes.prefix(count).prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
    }
}
