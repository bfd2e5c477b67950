import CLinux
import Glibc

/// An open file descriptor, closed when its owner lets go of it.
public struct FileDescriptor: ~Copyable {
    public let number: Int32

    /// Takes over `number`: nobody else may close it.
    public init(owning number: Int32) { self.number = number }

    deinit { close(number) }

    /// Reads what is there, up to `capacity` bytes. Empty at the end of the stream; nil when a non-blocking descriptor
    /// has nothing yet. An error reads as the end of the stream.
    public func read(upTo capacity: Int = 65_536) -> [UInt8]? {
        var wouldBlock = false
        let bytes = [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
            var length: Int
            repeat { length = Glibc.read(number, buffer.baseAddress, buffer.count) } while length < 0 && errno == EINTR
            wouldBlock = length < 0 && errno == EAGAIN
            count = max(length, 0)
        }
        return wouldBlock ? nil : bytes
    }

    /// Writes all of `bytes`, waiting where a non-blocking descriptor is full; false when the reader is gone.
    @discardableResult
    public func write(_ bytes: [UInt8]) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let length = bytes.withUnsafeBytes { Glibc.write(number, $0.baseAddress! + sent, $0.count - sent) }
            if length >= 0 {
                sent += length
            } else if errno == EAGAIN {
                var request = pollfd(fd: number, events: Int16(POLLOUT), revents: 0)
                poll(&request, 1, -1)
            } else if errno != EINTR {
                return false
            }
        }
        return true
    }

    /// Makes reads and writes return at once.
    public func setNonBlocking() {
        _ = fcntl(number, F_SETFL, fcntl(number, F_GETFL) | O_NONBLOCK)
    }
}

/// A pipe's two ends, both close-on-exec.
struct Pipe: ~Copyable {
    let reading: FileDescriptor
    let writing: FileDescriptor

    init() throws(LaunchError) {
        var ends: [Int32] = [0, 0]
        guard linux_pipe(&ends) == 0 else { throw .spawnFailed(path: "a pipe", reason: errorText(errno)) }
        reading = FileDescriptor(owning: ends[0])
        writing = FileDescriptor(owning: ends[1])
    }
}

/// The C library's sentence for an error number.
public func errorText(_ number: Int32) -> String {
    String(cString: strerror(number))
}
