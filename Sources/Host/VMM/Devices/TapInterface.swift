import CLinux
import Glibc
import HostSystem

/// A tap interface of the host (Documentation/networking/tuntap.rst), made beforehand by a user with the right to.
enum TapInterface {
    /// Names of interfaces (`IFNAMSIZ`, without the closing zero).
    private static let nameBytesMax = 15

    /// Opens the interface of this name, non-blocking: one frame a read or write.
    static func open(_ name: String) throws(VMMError) -> FileDescriptor {
        guard (1...nameBytesMax).contains(name.utf8.count), !name.utf8.contains(0) else {
            throw .configuration(field: "host_dev_name", reason: "must have from 1 to \(nameBytesMax) bytes")
        }
        let number = linux_open_tap(name)
        guard number >= 0 else { throw .interfaceUnusable(name: name, errno: errno) }
        return FileDescriptor(owning: number)
    }
}
