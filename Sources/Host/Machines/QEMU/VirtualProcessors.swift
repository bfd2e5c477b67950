import CLinux
import Glibc
import LaneThreads

/// QEMU's threads that run the guest's processors, and where they run.
///
/// Linux may keep two busy threads on one processor for milliseconds while another is idle; all lanes of a pass then
/// wait for the one that has to share.
enum VirtualProcessors {
    /// Gives each of the `count` virtual processors of QEMU's `process` a host processor of its own.
    ///
    /// Only when there are exactly as many as this program may use: on fewer, the scheduler's choice beats a fixed one
    /// once several machines run. A processor that cannot be pinned runs where it will.
    static func pin(of process: pid_t, count: Int) {
        let allowed = HostProcessors.allowed()
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
