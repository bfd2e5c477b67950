import Glibc
import HostSystem

/// Where the guest's console goes. The guest never waits for a slow reader: what it says meanwhile is kept up to a
/// limit and dropped beyond it.
final class ConsoleOutput {
    private let descriptor: Int32
    private var backlog: [UInt8] = []
    /// Called when bytes start to wait, with true, and when none do any more, with false.
    var onBacklog: (Bool) -> Void = { _ in }

    /// - Parameter descriptor: open for writing, and non-blocking.
    init(_ descriptor: Int32) { self.descriptor = descriptor }

    func write(_ bytes: Span<UInt8>) {
        let sent = backlog.isEmpty ? bytes.withUnsafeBytes { write($0) } : 0
        let kept = min(bytes.count - sent, VMMLimits.consoleBacklogBytesMax - backlog.count)
        guard kept > 0 else { return }
        let wasEmpty = backlog.isEmpty
        for index in sent..<sent + kept { backlog.append(bytes[index]) }
        if wasEmpty { onBacklog(true) }
    }

    /// Goes on where the reader was too slow.
    func resume() {
        let sent = backlog.withUnsafeBytes { write($0) }
        backlog.removeFirst(sent)
        if backlog.isEmpty { onBacklog(false) }
    }

    /// Gives a slow reader a last chance, so long at most for each piece that it takes.
    func drain(timeoutMilliseconds: Int32) {
        while !backlog.isEmpty {
            var request = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            guard poll(&request, 1, timeoutMilliseconds) > 0 else { return }
            resume()
        }
    }

    /// Answers how many bytes were taken; all of them when the reader is gone.
    private func write(_ bytes: UnsafeRawBufferPointer) -> Int {
        var sent = 0
        while sent < bytes.count {
            let count = Glibc.write(descriptor, bytes.baseAddress! + sent, bytes.count - sent)
            if count >= 0 {
                sent += count
            } else if errno == EAGAIN {
                return sent
            } else if errno != EINTR {
                return bytes.count
            }
        }
        return sent
    }
}
