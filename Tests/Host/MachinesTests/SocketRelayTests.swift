import Glibc
import HostSystem
import Testing

@testable import Machines

/// The relay between a TCP port and a Unix socket on which the test plays Firecracker.
@Suite struct SocketRelayTests {
    private final class Host {
        let relay: SocketRelay
        let port: UInt16
        private let monitor: FileDescriptor

        /// - Parameter monitorListens: whether the Unix socket is there.
        init(monitorListens: Bool = true) throws {
            relay = try SocketRelay()
            monitor = FileDescriptor(owning: socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0))
            if monitorListens {
                var address = sockaddr_un()
                address.sun_family = sa_family_t(AF_UNIX)
                let path = relay.socketPath
                withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
                let number = monitor.number
                let isListening = withUnsafePointer(to: &address) { pointer in
                    pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                        bind(number, generic, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0 && listen(number, 8) == 0
                    }
                }
                try #require(isListening)
            }
            let listener = try ServerPort(0)
            port = listener.number
            relay.start(FileDescriptor(owning: listener.release()), guestPort: 80)
        }

        /// The relay's next connection to the monitor.
        func accept() throws -> FileDescriptor {
            let connection = FileDescriptor(owning: Glibc.accept(monitor.number, nil, nil))
            try #require(connection.number >= 0)
            return connection
        }

        func connect() throws -> FileDescriptor {
            let client = Loopback.makeSocket()
            let isConnected = Loopback.withAddress(port: port) { Glibc.connect(client.number, $0, $1) == 0 }
            try #require(isConnected)
            return client
        }
    }

    @Test func bytesPassBothWaysOnceTheGuestHasAccepted() throws {
        let host = try Host()
        let client = try host.connect()
        let guest = try host.accept()
        #expect(guest.read() == Array("CONNECT 80\n".utf8))
        client.write(Array("hello".utf8))
        // What follows the line at once is the stream's.
        guest.write(Array("OK 1024\nwelcome".utf8))
        #expect(guest.read() == Array("hello".utf8))
        #expect(client.read() == Array("welcome".utf8))
    }

    @Test func theEndOfEitherSidePasses() throws {
        let host = try Host()
        let client = try host.connect()
        let guest = try host.accept()
        _ = guest.read()
        guest.write(Array("OK 1024\n".utf8))
        shutdown(client.number, Int32(SHUT_WR))
        #expect(guest.read() == [])
        guest.write(Array("answer".utf8))
        shutdown(guest.number, Int32(SHUT_WR))
        #expect(client.read() == Array("answer".utf8))
        #expect(client.read() == [])
    }

    @Test(arguments: ["", "NO\n", String(repeating: "O", count: 64)])
    func guestThatDoesNotAcceptEndsTheConnection(_ answer: String) throws {
        let host = try Host()
        let client = try host.connect()
        do {
            let guest = try host.accept()
            _ = guest.read()
            guest.write(Array(answer.utf8))
        }
        #expect(client.read() == [])
    }

    @Test func monitorThatIsNotThereEndsTheConnection() throws {
        #expect(try Host(monitorListens: false).connect().read() == [])
    }

    @Test func folderOfTheSocketIsPrivateAndGoesWithTheRelay() throws {
        var path = ""
        do {
            let relay = try SocketRelay()
            path = String(relay.socketPath.dropLast("/v.sock".count))
            var status = stat()
            #expect(stat(path, &status) == 0 && status.st_mode & 0o777 == 0o700)
        }
        #expect(access(path, F_OK) != 0)
    }
}
