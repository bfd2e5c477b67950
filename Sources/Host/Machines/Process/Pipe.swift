import CLinux
import Glibc
import HostErrors
import HostSystem

/// A pipe's two ends, both close-on-exec.
struct Pipe: ~Copyable {
    let reading: FileDescriptor
    let writing: FileDescriptor

    init() throws(StartFailure) {
        var ends: [Int32] = [0, 0]
        guard linux_pipe(&ends) == 0 else { throw StartFailure(path: "a pipe", reason: errorText(errno)) }
        reading = FileDescriptor(owning: ends[0])
        writing = FileDescriptor(owning: ends[1])
    }
}
