import CLinux
import Glibc
import HostSystem

/// Room for connections that arrive faster than QEMU accepts them.
///
/// QEMU's user network listens for forwarded ports with a backlog of one (libslirp `tcpx_listen`): of a burst of
/// clients all but two have their SYN dropped, and try again a second later. `listen` on a socket that listens already
/// only changes its backlog, and a parent may borrow its child's socket to do so.
enum ListenerBacklog {
    static let wanted: Int32 = 1_024
    /// QEMU has about thirty descriptors open.
    private static let descriptorCount: Int32 = 256

    /// Widens the backlog of `process`'s listener on `port`. Best effort: without it, bursts are only slower.
    static func widen(process: pid_t, port: UInt16) {
        for number in 0..<descriptorCount {
            let duplicate = linux_duplicate_descriptor(process, number)
            guard duplicate >= 0 else { continue }
            let descriptor = FileDescriptor(owning: duplicate)
            if isListener(descriptor.number, port: port) {
                listen(descriptor.number, wanted)
                return
            }
        }
    }

    private static func isListener(_ number: Int32, port: UInt16) -> Bool {
        var accepts: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        guard getsockopt(number, SOL_SOCKET, SO_ACCEPTCONN, &accepts, &length) == 0, accepts == 1 else { return false }
        return Loopback.localPort(of: number) == port
    }
}
