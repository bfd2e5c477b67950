import Glibc

/// An open file descriptor, closed when its owner lets go of it.
public struct FileDescriptor: ~Copyable, Sendable {
    public let number: Int32

    /// Takes over `number`: nobody else may close it.
    public init(owning number: Int32) { self.number = number }

    deinit { close(number) }

    /// The descriptor, for whoever closes it from here on.
    public consuming func release() -> Int32 {
        let number = number
        discard self
        return number
    }

    /// Reads what is there, up to `capacity` bytes. Empty at the end of the stream; nil when a non-blocking descriptor
    /// has nothing yet. An error reads as the end of the stream.
    public func read(upTo capacity: Int = 65_536) -> [UInt8]? { Self.read(number, upTo: capacity) }

    /// `read(upTo:)` of a descriptor that somebody else owns.
    public static func read(_ number: Int32, upTo capacity: Int = 65_536) -> [UInt8]? {
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
    public func write(_ bytes: [UInt8]) -> Bool { Self.write(bytes, to: number) }

    /// `write(_:)` to a descriptor that somebody else owns.
    @discardableResult
    public static func write(_ bytes: [UInt8], to number: Int32) -> Bool {
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

    /// Reads to the end of the stream.
    public func readAll() -> [UInt8] {
        var whole: [UInt8] = []
        while let piece = read(), !piece.isEmpty { whole += piece }
        return whole
    }

    /// The size of a regular file; nil for anything else.
    public var byteCount: Int? {
        var status = stat()
        guard fstat(number, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        return Int(status.st_size)
    }

    /// Makes reads and writes return at once.
    public func setNonBlocking() {
        _ = fcntl(number, F_SETFL, fcntl(number, F_GETFL) | O_NONBLOCK)
    }
}

/// The C library's sentence for an error number.
public func errorText(_ number: Int32) -> String {
    String(cString: strerror(number))
}
