#if canImport(Glibc)
import Glibc
@testable import Net

/// A tap device in a network namespace of its own, with Linux's TCP/IP stack behind it.
///
/// `unshare` moves only the calling thread, so a `Tap` must be made and used on one thread that ends afterwards; the
/// namespace and all in it vanish with the thread and the descriptors.
final class Tap {
    enum Failure: Error, CustomStringConvertible {
        case unavailable(String)
        var description: String {
            switch self {
            case .unavailable(let what): "no tap device here: \(what)"
            }
        }
    }

    let descriptor: Int32

    /// Opens a tap whose Linux side has `address`/24. With `vnetHeader` each frame carries virtio-net's header, as a
    /// device with checksum offload would.
    init(address: IPv4Address, vnetHeader: Bool) throws {
        guard Self.unshareNetwork() else { throw Failure.unavailable("unshare: \(errno)") }
        descriptor = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else { throw Failure.unavailable("/dev/net/tun: \(errno)") }
        // TUNSETIFF with IFF_TAP | IFF_NO_PI and, if wanted, IFF_VNET_HDR (linux/if_tun.h).
        var request = Self.request()
        let flags = UInt16(0x0002 | 0x1000 | (vnetHeader ? 0x4000 : 0))
        request.withUnsafeMutableBytes { $0.storeBytes(of: flags, toByteOffset: 16, as: UInt16.self) }
        try Self.control(descriptor, 0x4004_54CA, &request, "TUNSETIFF")

        let socket = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
        guard socket >= 0 else { throw Failure.unavailable("socket: \(errno)") }
        defer { close(socket) }
        try Self.setAddress(socket, IPv4Address(255, 255, 255, 0), request: 0x891C, after: address)
        var up = Self.request()
        up.withUnsafeMutableBytes { $0.storeBytes(of: UInt16(0x1 | 0x40), toByteOffset: 16, as: UInt16.self) }
        try Self.control(socket, 0x8914, &up, "SIOCSIFFLAGS")
    }

    deinit { close(descriptor) }

    /// `unshare(CLONE_NEWNET)`, which the Glibc module does not declare.
    private static func unshareNetwork() -> Bool {
        guard let symbol = dlsym(nil, "unshare") else { return false }
        let unshare = unsafeBitCast(symbol, to: (@convention(c) (Int32) -> Int32).self)
        return unshare(0x4000_0000) == 0
    }

    /// A `struct ifreq` for the device "hexa0".
    private static func request() -> [UInt8] {
        var request = [UInt8](repeating: 0, count: 40)
        request.replaceSubrange(0..<5, with: "hexa0".utf8)
        return request
    }

    /// SIOCSIFADDR, then the netmask.
    private static func setAddress(
        _ socket: Int32, _ mask: IPv4Address, request code: UInt,
        after address: IPv4Address
    ) throws {
        for (code, value, name) in [(0x8916 as UInt, address, "SIOCSIFADDR"), (code, mask, "SIOCSIFNETMASK")] {
            var request = request()
            request.withUnsafeMutableBytes {
                $0.storeBytes(of: UInt16(AF_INET), toByteOffset: 16, as: UInt16.self)
                $0.storeBytes(of: value.bits.bigEndian, toByteOffset: 20, as: UInt32.self)
            }
            try control(socket, code, &request, name)
        }
    }

    private static func control(_ descriptor: Int32, _ code: UInt, _ request: inout [UInt8], _ name: String) throws {
        let result = request.withUnsafeMutableBytes { ioctl(descriptor, code, $0.baseAddress!) }
        guard result == 0 else { throw Failure.unavailable("\(name): \(errno)") }
    }
}

/// A non-blocking Linux TCP socket.
final class LinuxSocket {
    let descriptor: Int32

    /// Begins to connect; `isConnected` tells when the handshake is through.
    init(connectingTo address: IPv4Address, port: UInt16) {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
        var target = sockaddr_in()
        target.sin_family = sa_family_t(AF_INET)
        target.sin_port = port.bigEndian
        target.sin_addr.s_addr = address.bits.bigEndian
        _ = withUnsafePointer(to: &target) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }

    deinit { close(descriptor) }

    /// The pending error of the socket: 0 when there is none.
    var pendingError: Int32 {
        var value: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &value, &length)
        return value
    }

    enum ReadResult: Equatable {
        case bytes([UInt8])
        case nothingYet
        case endOfStream
        case error(Int32)
    }

    func read() -> ReadResult {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        if count > 0 { return .bytes(Array(buffer[..<count])) }
        if count == 0 { return .endOfStream }
        return errno == EAGAIN || errno == EINPROGRESS || errno == ENOTCONN ? .nothingYet : .error(errno)
    }

    /// How many of `bytes` the kernel took.
    func write(_ bytes: ArraySlice<UInt8>) -> Int {
        max(0, bytes.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) })
    }

    func finishWriting() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// From now on closing sends a reset.
    func makeCloseAbortive() {
        var option = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
    }
}
#endif
