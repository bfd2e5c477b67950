import Glibc
import HostSystem
import ModelFiles
import Synchronization
import Testing

@testable import FleetHost

@Suite("Weights that stay in memory")
struct WeightHolderTests {
    /// A folder of files of so many bytes, which goes with the test.
    private final class Files {
        private let folder: String

        init(_ names: [String], byteCount: Int = 65_536) {
            var template = Array("/tmp/hexa-weights-XXXXXX".utf8CString)
            folder = String(cString: mkdtemp(&template))
            for name in names { write(name, byteCount: byteCount) }
        }

        deinit {
            for name in ["a", "b", "c"] { unlink(path(name)) }
            rmdir(folder)
        }

        func path(_ name: String) -> String { "\(folder)/\(name)" }

        /// Makes the file anew.
        func write(_ name: String, byteCount: Int) {
            unlink(path(name))
            let file = FileDescriptor(owning: open(path(name), O_WRONLY | O_CREAT | O_CLOEXEC, 0o600))
            file.write([UInt8](repeating: 1, count: byteCount))
        }
    }

    /// KiB of this process's memory that are locked (proc(5), status).
    private var lockedKiB: Int {
        let file = FileDescriptor(owning: open("/proc/self/status", O_RDONLY | O_CLOEXEC))
        let lines = String(decoding: file.readAll(), as: UTF8.self).split(separator: "\n")
        return lines.first { $0.hasPrefix("VmLck:") }?.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
    }

    @Test("as many as may run are held, the latest; the others are let go")
    func latest() {
        let files = Files(["a", "b", "c"])
        let holder = WeightHolder(countMax: 2) { Issue.record("\($0)") }
        for name in ["a", "b", "a", "c"] { holder.hold(files.path(name)) }
        #expect(eventually { holder.paths == [files.path("a"), files.path("c")] })
        #expect(lockedKiB >= 128)
    }

    @Test("a file that was replaced is held anew")
    func replaced() throws {
        let files = Files(["a"])
        let locked = try LockedFile(path: files.path("a"))
        #expect(locked.isCurrent)
        files.write("a", byteCount: 4_096)
        #expect(!locked.isCurrent)
    }

    @Test("a file that is gone is told, and nothing else happens")
    func gone() {
        let files = Files([])
        let failures = Mutex<[ResidencyError]>([])
        let holder = WeightHolder(countMax: 1) { error in failures.withLock { $0.append(error) } }
        holder.hold(files.path("a"))
        #expect(eventually { failures.withLock { $0.count } == 1 } && holder.paths.isEmpty)
        #expect(failures.withLock { $0[0].description }.contains("No such file or directory"))
    }

    @Test("what may not be locked is refused in one line that tells the limit and the flag")
    func refusal() {
        let error = ResidencyError.notLocked(
            path: "/m.hxm", byteCount: 3_600 << 20, limitByteCount: 8 << 20, reason: "Cannot allocate memory")
        #expect(error.exitCode.rawValue == 78)
        #expect(
            error.description == "cannot lock the 3600 MiB of /m.hxm in memory (Cannot allocate memory; the limit "
                + "is 8 MiB): raise it ('ulimit -l', or LimitMEMLOCK= of a service) or leave --lock-weights out")
    }
}
